package timetable

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Quiet is the hours of a day in which nothing is to begin, by the clock of a
// zone: a time that the clock shows twice is quiet both times. The zero value is
// never quiet.
type Quiet struct {
	spans []span
	zone  *time.Location
}

// A span goes from a minute of the day to before another; if that is not later,
// beyond midnight.
type span struct{ from, to int }

const dayMinutes = 24 * 60

// ParseQuiet reads "22:00-06:00", several with commas; empty means never. The
// zone is an IANA name; empty means UTC. Hours that leave no minute of the day
// are refused.
func ParseQuiet(spec, zone string) (Quiet, error) {
	loc, err := Zone(zone)
	if err != nil {
		return Quiet{}, err
	}
	q := Quiet{zone: loc}
	if strings.TrimSpace(spec) == "" {
		return q, nil
	}
	for _, part := range strings.Split(spec, ",") {
		s, err := parseSpan(strings.TrimSpace(part))
		if err != nil {
			return Quiet{}, fmt.Errorf("quiet hours %.60q: %w", part, err)
		}
		q.spans = append(q.spans, s)
	}
	for minute := range dayMinutes {
		if !q.contains(minute) {
			return q, nil
		}
	}
	return Quiet{}, errors.New("quiet hours: they take the whole day, so that nothing would ever begin (pause the schedules instead)")
}

func parseSpan(text string) (span, error) {
	from, to, ok := strings.Cut(text, "-")
	start, err1 := minuteOfDay(from)
	end, err2 := minuteOfDay(to)
	if !ok || err1 != nil || err2 != nil || start == dayMinutes {
		return span{}, errors.New(`write hours as in "22:00-06:00"`)
	}
	if start == end {
		return span{}, errors.New("they begin and end at the same time")
	}
	return span{start, end}, nil
}

// minuteOfDay reads "06:30"; "24:00" is the end of the day.
func minuteOfDay(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return dayMinutes, nil
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err
}

func (s span) contains(minute int) bool {
	if s.from < s.to {
		return s.from <= minute && minute < s.to
	}
	return minute >= s.from || minute < s.to
}

func (q Quiet) contains(minute int) bool {
	return slices.ContainsFunc(q.spans, func(s span) bool { return s.contains(minute) })
}

// Contains tells whether an instant is in quiet hours.
func (q Quiet) Contains(t time.Time) bool {
	if len(q.spans) == 0 {
		return false
	}
	local := t.In(q.zone)
	return q.contains(local.Hour()*60 + local.Minute())
}

// End returns when the quiet hours that contain t are over, in their zone; zero
// if t is not in any.
func (q Quiet) End(t time.Time) time.Time {
	if !q.Contains(t) {
		return time.Time{}
	}
	// Offsets are whole minutes, and so are the limits: nothing ends in between.
	for t = t.Truncate(time.Minute); q.Contains(t); t = t.Add(time.Minute) {
	}
	return t.In(q.zone)
}

// String is the hours as [ParseQuiet] reads them.
func (q Quiet) String() string {
	parts := make([]string, len(q.spans))
	for i, s := range q.spans {
		parts[i] = fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, s.to/60, s.to%60)
	}
	return strings.Join(parts, ",")
}
