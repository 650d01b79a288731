package experiments

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Span writes a length of time for people, to three digits or so: 310 µs, 1.5 s,
// 4 min 20 s. The configuration file has another form, Go's 1.5s.
func Span(d time.Duration) string {
	switch a := d.Abs(); {
	case a == 0:
		return "0 s"
	case a < time.Millisecond:
		return digits(float64(d)/1e3) + " µs"
	case a < time.Second:
		return digits(float64(d)/1e6) + " ms"
	case a < 2*time.Minute:
		return digits(d.Seconds()) + " s"
	case a < 2*time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// digits writes three of them, without zeros at the end.
func digits(x float64) string {
	s := strconv.FormatFloat(x, 'f', max(0, 2-int(math.Log10(math.Max(math.Abs(x), 1)))), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
