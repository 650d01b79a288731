package pcapng

import (
	"math/bits"
	"time"
)

// A clock turns an interface's stamps into times.
type clock struct {
	// units make up a second.
	units uint64
	// offset is added, in seconds (if_tsoffset).
	offset int64
}

// newClock reads a resolution (if_tsresol): units of 10^-n seconds, or of 2^-n
// if its highest bit is set. What does not fit into 64 bits is refused.
func newClock(resolution uint8) (clock, bool) {
	n := resolution &^ 0x80
	switch {
	case resolution&0x80 != 0 && n < 64:
		return clock{units: 1 << n}, true
	case resolution&0x80 == 0 && n < 20:
		c := clock{units: 1}
		for range n {
			c.units *= 10
		}
		return c, true
	}
	return clock{}, false
}

// time returns the time of a stamp, rounded down to nanoseconds, in UTC.
func (c clock) time(stamp uint64) time.Time {
	if c.units == 1e9 { // by far the most frequent in what we write
		return time.Unix(int64(stamp/1e9)+c.offset, int64(stamp%1e9)).UTC()
	}
	high, low := bits.Mul64(stamp%c.units, 1e9)
	nanos, _ := bits.Div64(high, low, c.units)
	return time.Unix(int64(stamp/c.units)+c.offset, int64(nanos)).UTC()
}
