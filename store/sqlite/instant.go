package sqlite

import (
	"math"
	"time"
)

// nanos is an instant as it is kept: nanoseconds since 1970, 0 for none. Those
// that do not fit (before 1678, after 2262) become the nearest that does.
func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// instant is what nanos has kept.
func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
