package far

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// NTPLength is the length of an NTP packet without extensions (RFC 5905,
// section 7.3).
const NTPLength = 48

// NTPRequest is a client's question: version 4, mode 3, and its own time.
func NTPRequest(now time.Time) []byte {
	b := make([]byte, NTPLength)
	b[0] = 4<<3 | 3
	putNTPTime(b[40:], now)
	return b
}

// serveTime answers NTP clients with this computer's clock until ctx ends.
func serveTime(ctx context.Context, conn net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("time server: %w", err)
		}
		if n < NTPLength || buffer[0]&7 != 3 {
			continue
		}
		_, err = conn.WriteTo(ntpAnswer(buffer[:n], time.Now()), from)
		if errors.Is(err, net.ErrClosed) && ctx.Err() == nil {
			return fmt.Errorf("time server: %w", err)
		}
	}
}

func ntpAnswer(request []byte, now time.Time) []byte {
	b := make([]byte, NTPLength)
	b[0], b[1], b[2], b[3] = 4<<3|4, 1, request[2], 0xec
	copy(b[12:], "SIM\x00")
	copy(b[24:32], request[40:48])
	putNTPTime(b[16:], now.Truncate(time.Minute))
	putNTPTime(b[32:], now)
	putNTPTime(b[40:], now)
	return b
}

// putNTPTime writes seconds since 1900 and their fraction.
func putNTPTime(b []byte, t time.Time) {
	const from1900to1970 = 2208988800
	binary.BigEndian.PutUint32(b, uint32(t.Unix()+from1900to1970))
	binary.BigEndian.PutUint32(b[4:], uint32(uint64(t.Nanosecond())<<32/1e9))
}
