package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hueprint/hueprint/experiments"
)

// Number writes a probability or level with two significant digits.
func Number(x float64) string { return strconv.FormatFloat(x, 'g', 2, 64) }

func optional(p *float64) string {
	if p == nil {
		return "–"
	}
	return Number(*p)
}

// Lengths writes inclusive bounds: 490 or 518–519.
func Lengths(low, high int) string {
	if low == high {
		return strconv.Itoa(low)
	}
	return fmt.Sprintf("%d–%d", low, high)
}

// delay writes milliseconds relative to a command, negative ones with a true
// minus sign: labels can be later than what they label.
func delay(ms float64) string {
	sign := ""
	if ms = math.Round(ms); ms < 0 {
		sign = "−"
	}
	ms = math.Abs(ms) // also of −0
	if ms >= 10000 {
		return fmt.Sprintf("%s%.1f s", sign, ms/1000)
	}
	return fmt.Sprintf("%s%.0f ms", sign, ms)
}

// duration writes a length of time for people.
func duration(d time.Duration) string { return experiments.Span(d) }

// digits writes three of them, without zeros at the end.
func digits(x float64) string {
	s := strconv.FormatFloat(x, 'f', max(0, 2-int(math.Log10(math.Max(math.Abs(x), 1)))), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// clock writes an instant's time of day in UTC, to the millisecond.
func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("15:04:05.000")
}

// when writes an instant in UTC.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// count writes a number with thin spaces between thousands.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func byteSize(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
