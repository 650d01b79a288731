package timetable

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func must(t interface{ Fatal(...any) }, expr, zone string) Timetable {
	tt, err := Parse(expr, zone)
	if err != nil {
		t.Fatal(err)
	}
	return tt
}

const stamp = "2006-01-02 15:04:05 -0700"

// What the package doc says of daylight saving, in four zones.
func TestDaylightSaving(t *testing.T) {
	for _, c := range []struct{ name, expr, zone, after, want string }{
		{"a time in the jump is due at its end", "30 2 * * *", "Europe/Prague", "2027-03-27 12:00:00 +0100",
			"2027-03-28 03:00:00 +0200, 2027-03-29 02:30:00 +0200"},
		{"several in the jump are due once", "0,30 2 * * *", "America/New_York", "2027-03-14 00:00:00 -0500",
			"2027-03-14 03:00:00 -0400, 2027-03-15 02:00:00 -0400"},
		{"what is due at its end anyway is due once", "*/20 2-3 * * *", "Europe/Prague", "2027-03-28 00:00:00 +0100",
			"2027-03-28 03:00:00 +0200, 2027-03-28 03:20:00 +0200"},
		{"half an hour", "15 2 * * *", "Australia/Lord_Howe", "2027-10-02 12:00:00 +1030",
			"2027-10-03 02:30:00 +1100, 2027-10-04 02:15:00 +1100"},
		{"a repeated time is due when it is shown first", "30 2 * * *", "Europe/Prague", "2027-10-30 12:00:00 +0200",
			"2027-10-31 02:30:00 +0200, 2027-11-01 02:30:00 +0100"},
		{"also if asked between the two", "30 2 * * *", "Europe/Prague", "2027-10-31 02:10:00 +0100", "2027-11-01 02:30:00 +0100"},
		{"every hour follows the time back", "30 * * * *", "Europe/Prague", "2027-10-31 02:00:00 +0200",
			"2027-10-31 02:30:00 +0200, 2027-10-31 02:30:00 +0100, 2027-10-31 03:30:00 +0100"},
		{"every hour follows the time over the jump", "30 * * * *", "Europe/Prague", "2027-03-28 01:00:00 +0100",
			"2027-03-28 01:30:00 +0100, 2027-03-28 03:30:00 +0200"},
		{"a midnight that does not exist", "@daily", "America/Sao_Paulo", "2018-11-03 12:00:00 -0300",
			"2018-11-04 01:00:00 -0200, 2018-11-05 00:00:00 -0200"},
		{"a day that does not exist", "0 9 30 12 *", "Pacific/Apia", "2011-12-29 12:00:00 -1000", "2011-12-31 00:00:00 +1400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			after, err := time.Parse(stamp, c.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, at := range must(t, c.expr, c.zone).Upcoming(after, 1+strings.Count(c.want, ",")) {
				got = append(got, at.Format(stamp))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("%s after %s:\ngot  %s\nwant %s", c.expr, c.after, s, c.want)
			}
		})
	}
}

func TestLeapDaysOverACentury(t *testing.T) {
	got := must(t, "0 0 29 2 *", "").Upcoming(time.Date(2095, 1, 1, 0, 0, 0, 0, time.UTC), 2)
	if len(got) != 2 || got[0].Year() != 2096 || got[1].Year() != 2104 {
		t.Errorf("leap days %v", got)
	}
}

func TestRefusedExpressions(t *testing.T) {
	for _, c := range []struct{ expr, zone, want string }{
		{"", "", "empty"}, {"TZ=0", "", "zone beside"}, {"CRON_TZ=UTC 0 3 * * *", "", "zone beside"}, {"TZ=", "", "zone beside"},
		{"@every 1h", "", "names no times"}, {"@every", "", "names no times"}, {"@reboot", "", "unrecognized"}, {"0 3 * *", "", "expected exactly 5"},
		{"0 0 3 * * *", "", "expected exactly 5"}, {"60 3 * * *", "", "above maximum"}, {"0 3 * * 7", "", "Sunday is 0"},
		{"0 3 30 2 *", "", "no year has such a day"}, {", 3 * * *", "", "no value"}, {"0 3 * * mon-", "", "cron expression"},
		{"0 3 * * *", "Mars/Olympus", "no time zone"}, {"0 3 * * *", "Local", "no time zone"}, {"0 3 * * *", "../../etc/passwd", "no time zone"},
	} {
		if _, err := Parse(c.expr, c.zone); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q, %q): %v, want %q", c.expr, c.zone, err, c.want)
		}
	}
}

func TestOnce(t *testing.T) {
	at := time.Date(2027, 3, 28, 3, 0, 0, 0, time.UTC)
	tt, err := Of("", at, "Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	if got := tt.Next(at.Add(-1)); !got.Equal(at) {
		t.Errorf("next before: %v", got)
	}
	if got := tt.Next(at); !got.IsZero() {
		t.Errorf("next after: %v", got)
	}
	if got := tt.Previous(at); !got.Equal(at) {
		t.Errorf("previous: %v", got)
	}
	if got := tt.Words(); got != "once, on 28 March 2027 at 05:00 (Europe/Prague)" {
		t.Error(got)
	}
	if _, err := Of("@daily", at, ""); err == nil {
		t.Error("both an expression and an instant are accepted")
	}
	if _, err := Of("", time.Time{}, ""); err == nil {
		t.Error("neither is accepted")
	}
	if got := (Timetable{}).Next(at); !got.IsZero() {
		t.Errorf("the zero timetable is due: %v", got)
	}
}

// drawn is an expression whose values are known without reading it.
type drawn struct {
	expr                                   string
	minutes, hours, days, months, weekdays []int
	either                                 bool // day of month or day of week
}

func drawField(t *rapid.T, name string, lo, hi int) (text string, all []int, star bool) {
	full := func(step int) (out []int) {
		for v := lo; v <= hi; v += step {
			out = append(out, v)
		}
		return out
	}
	switch rapid.IntRange(0, 4).Draw(t, name+" kind") {
	case 0:
		return "*", full(1), true
	case 1:
		step := rapid.IntRange(2, (hi-lo+1)/2+1).Draw(t, name+" step")
		return fmt.Sprintf("*/%d", step), full(step), false
	case 2:
		a := rapid.IntRange(lo, hi).Draw(t, name+" from")
		b := rapid.IntRange(a, hi).Draw(t, name+" to")
		for v := a; v <= b; v++ {
			all = append(all, v)
		}
		return fmt.Sprintf("%d-%d", a, b), all, false
	}
	all = rapid.SliceOfNDistinct(rapid.IntRange(lo, hi), 1, 4, rapid.ID[int]).Draw(t, name)
	slices.Sort(all)
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(all)), ","), "[]"), all, false
}

func draw(t *rapid.T) drawn {
	var d drawn
	var parts [5]string
	var dateStar, weekdayStar bool
	parts[0], d.minutes, _ = drawField(t, "minute", 0, 59)
	parts[1], d.hours, _ = drawField(t, "hour", 0, 23)
	parts[2], d.days, dateStar = drawField(t, "day", 1, 31)
	parts[3], d.months, _ = drawField(t, "month", 1, 12)
	parts[4], d.weekdays, weekdayStar = drawField(t, "weekday", 0, 6)
	d.expr = strings.Join(parts[:], " ")
	d.either = !dateStar && !weekdayStar
	return d
}

func (d drawn) matches(shown time.Time) bool {
	if !slices.Contains(d.minutes, shown.Minute()) || !slices.Contains(d.hours, shown.Hour()) || !slices.Contains(d.months, int(shown.Month())) {
		return false
	}
	date, weekday := slices.Contains(d.days, shown.Day()), slices.Contains(d.weekdays, int(shown.Weekday()))
	if d.either {
		return date || weekday
	}
	return date && weekday
}

// walk is the rule of the package doc, minute by minute: what the clock shows,
// what it has shown, and what it passes over.
func (d drawn) walk(from, to time.Time, zone *time.Location) []time.Time {
	var due []time.Time
	shownBefore := map[time.Time]bool{}
	at := from.Add(-4 * time.Hour)
	last := dial(at.Add(-time.Minute), zone)
	for ; !at.After(to); at = at.Add(time.Minute) {
		now := dial(at, zone)
		match := d.matches(now)
		if len(d.hours) < 24 {
			match = match && !shownBefore[now]
			for missing := last.Add(time.Minute); missing.Before(now); missing = missing.Add(time.Minute) {
				match = match || d.matches(missing)
			}
		}
		shownBefore[now], last = true, now
		if match && at.After(from) {
			due = append(due, at)
		}
	}
	return due
}

// dial is what a clock shows, as if in UTC.
func dial(at time.Time, zone *time.Location) time.Time {
	l := at.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
}

// nights are times shortly before a clock is changed, and a plain one.
var nights = []struct {
	zone string
	from time.Time
}{
	{"Europe/Prague", time.Date(2027, 3, 27, 22, 0, 0, 0, time.UTC)},
	{"Europe/Prague", time.Date(2027, 10, 30, 22, 0, 0, 0, time.UTC)},
	{"America/New_York", time.Date(2027, 3, 14, 4, 0, 0, 0, time.UTC)},
	{"America/New_York", time.Date(2027, 11, 7, 3, 0, 0, 0, time.UTC)},
	{"Australia/Lord_Howe", time.Date(2027, 4, 3, 12, 0, 0, 0, time.UTC)},
	{"Australia/Lord_Howe", time.Date(2027, 10, 2, 12, 0, 0, 0, time.UTC)},
	{"America/Sao_Paulo", time.Date(2018, 11, 4, 0, 0, 0, 0, time.UTC)},
	{"America/Sao_Paulo", time.Date(2018, 2, 17, 22, 0, 0, 0, time.UTC)},
	{"Pacific/Apia", time.Date(2011, 12, 30, 6, 0, 0, 0, time.UTC)},
	{"Africa/Casablanca", time.Date(2027, 2, 7, 0, 0, 0, 0, time.UTC)},
	{"Europe/Dublin", time.Date(2027, 10, 30, 22, 0, 0, 0, time.UTC)},
	{"UTC", time.Date(2027, 3, 28, 0, 0, 0, 0, time.UTC)},
}

func TestNextIsWhatAWalkByTheMinuteFinds(t *testing.T) {
	for _, night := range nights {
		t.Run(night.zone+night.from.Format(" 2006-01"), func(t *testing.T) {
			zone, err := Zone(night.zone)
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				d := draw(t)
				tt, err := Parse(d.expr, night.zone)
				if err != nil {
					t.Skip(err)
				}
				from := night.from.Add(time.Duration(rapid.IntRange(0, 6*60).Draw(t, "from")) * time.Minute)
				to := from.Add(8 * time.Hour)
				var got []time.Time
				for at := tt.Next(from); !at.IsZero() && !at.After(to); at = tt.Next(at) {
					got = append(got, at)
				}
				want := d.walk(from, to, zone)
				if !slices.EqualFunc(got, want, time.Time.Equal) {
					t.Fatalf("%s (%s) from %v\ngot  %v\nwant %v", d.expr, tt.Words(), from, got, want)
				}
			})
		})
	}
}

func TestNextRisesAndPreviousIsItsInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		zone := rapid.SampledFrom([]string{"Europe/Prague", "America/New_York", "Australia/Lord_Howe", "UTC"}).Draw(t, "zone")
		tt, err := Parse(d.expr, zone)
		if err != nil {
			t.Skip(err)
		}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "after"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		for range 5 {
			next := tt.Next(at)
			if !next.After(at) {
				t.Fatalf("%s: %v is not after %v", d.expr, next, at)
			}
			if got := tt.Previous(next); !got.Equal(next) {
				t.Fatalf("%s: previous of %v is %v", d.expr, next, got)
			}
			if got := tt.Previous(next.Add(-1)); got.After(at) {
				t.Fatalf("%s: %v lies between %v and the next, %v", d.expr, got, at, next)
			}
			if mid := at.Add(next.Sub(at) / 2); !tt.Next(mid).Equal(next) {
				t.Fatalf("%s: from %v the next is %v, from %v it is %v", d.expr, at, next, mid, tt.Next(mid))
			}
			at = next
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, expr := range []string{"0 3 * * 1", "TZ=0", "TZ=UTC 0 0 * * *", "@every 1s", "@daily", ", , , , ,", "*/0 * * * *", "0-59/7,3 ? * jan-mar sun", "0 0 31 2 *",
		"1/99999999999999999999 * * * *", "0/4294967296 0-23/18446744073709551615 * * *", "? ? ? ? ?", "-1 - * * *", "* * * * 5-1"} {
		f.Add(expr, "Europe/Prague", int64(1_800_000_000))
	}
	f.Fuzz(func(t *testing.T, expr, zone string, after int64) {
		tt, err := Parse(expr, zone)
		if err != nil {
			return
		}
		at := time.Unix(after%4e9, 0)
		next := tt.Next(at)
		if !next.After(at) {
			t.Fatalf("%q in %q: next after %v is %v", expr, zone, at, next)
		}
		if words := tt.Words(); !strings.HasSuffix(words, ")") {
			t.Fatalf("%q: %q", expr, words)
		}
	})
}

// The standard library's bounds of such a day are wrong; a walk along them never
// ends.
func TestTheLastDayOfALeapYear(t *testing.T) {
	at := time.Date(2040, 12, 30, 12, 0, 0, 0, time.UTC)
	for _, expr := range []string{"0 3 * * *", "0 * 31 12 *"} {
		next := must(t, expr, "Europe/Prague").Next(at)
		if next.IsZero() || next.Sub(at) > 24*time.Hour {
			t.Errorf("%s after %v: %v", expr, at, next)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	for _, expr := range []string{"30 2 * * *", "*/15 * * * *", "0 0 29 2 *", "* * 29 2 *"} {
		b.Run(expr, func(b *testing.B) {
			tt := must(b, expr, "Europe/Prague")
			at := time.Date(2027, 3, 27, 0, 0, 0, 0, time.UTC)
			for b.Loop() {
				tt.Next(at)
			}
		})
	}
}
