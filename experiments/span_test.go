package experiments

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 310 * time.Microsecond: "310 µs", 1234567: "1.23 ms", 1500 * time.Millisecond: "1.5 s", 10 * time.Second: "10 s",
		100 * time.Second: "100 s", 260 * time.Second: "4 min 20 s", 8*time.Hour + 5*time.Minute: "8 h 5 min", -2 * time.Second: "-2 s",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
