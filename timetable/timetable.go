package timetable

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Timetable says when something is due. The zero value is never due.
type Timetable struct {
	// spec holds the expression's fields, as of a clock in UTC; nil for a single
	// instant.
	spec *cron.SpecSchedule
	at   time.Time
	zone *time.Location
}

const (
	starBit  = 1 << 63 // set by cron in a field that contains a star
	allHours = 1<<24 - 1
)

const shape = `write minute, hour, day of month, month and day of week, as in "0 3 * * 1" (every Monday at 03:00)`

// Parse reads a cron expression of five fields, or one of @hourly, @daily,
// @midnight, @weekly, @monthly, @yearly and @annually, for the clock of a zone.
// The zone is an IANA name; empty means UTC. Expressions that are never due are
// refused, and so are @every, which names no times, and zones in the expression.
func Parse(expr, zone string) (Timetable, error) {
	loc, err := Zone(zone)
	if err != nil {
		return Timetable{}, err
	}
	spec, err := parse(strings.Join(strings.Fields(expr), " "))
	if err != nil {
		return Timetable{}, fmt.Errorf("cron expression %.100q: %w", expr, err)
	}
	return Timetable{spec: spec, zone: loc}, nil
}

// Once is due at one instant. Words tells it in the instant's location.
func Once(at time.Time) Timetable {
	return Timetable{at: at.Round(0), zone: at.Location()}
}

// Of is [Parse] when expr is set, and [Once] in the zone when at is; it is an
// error if both or none are.
func Of(expr string, at time.Time, zone string) (Timetable, error) {
	if (expr == "") == at.IsZero() {
		return Timetable{}, errors.New("either a cron expression or an instant must be given, and not both")
	}
	if expr != "" {
		return Parse(expr, zone)
	}
	loc, err := Zone(zone)
	if err != nil {
		return Timetable{}, err
	}
	return Once(at.In(loc)), nil
}

// parse reads the fields. What cron accepts beyond what it documents is refused,
// and its panics are errors.
func parse(expr string) (spec *cron.SpecSchedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			spec, err = nil, fmt.Errorf("it cannot be read (%s)", shape)
		}
	}()
	switch {
	case expr == "":
		return nil, fmt.Errorf("it is empty (%s)", shape)
	case strings.Contains(expr, "="):
		return nil, fmt.Errorf("it names a zone (set the zone beside it, and %s)", shape)
	case strings.HasPrefix(expr, "@every"):
		return nil, fmt.Errorf(`@every names no times (write "*/30 * * * *" for every 30 minutes)`)
	}
	schedule, err := cron.ParseStandard(expr)
	if err != nil {
		return nil, fmt.Errorf("%w (%s; Sunday is 0)", err, shape)
	}
	spec, ok := schedule.(*cron.SpecSchedule)
	if !ok || spec.Minute == 0 || spec.Hour == 0 || spec.Dom == 0 || spec.Month == 0 || spec.Dow == 0 {
		return nil, fmt.Errorf("a field has no value (%s)", shape)
	}
	spec.Location = time.UTC
	if spec.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("no year has such a day (look at day of month and month)")
	}
	return spec, nil
}

// Next returns the first instant after the given one at which something is due;
// zero means never again. It is in the timetable's zone.
func (t Timetable) Next(after time.Time) time.Time {
	switch {
	case t.spec == nil && t.at.After(after):
		return t.at
	case t.spec == nil:
		return time.Time{}
	case t.everyHour():
		return t.nextAsTimePasses(after)
	}
	return t.nextOnTheClock(after)
}

// everyHour tells which of the two rules for daylight saving holds.
func (t Timetable) everyHour() bool { return t.spec.Hour&allHours == allHours }

// nextOnTheClock counts every time of the local clock once.
func (t Timetable) nextOnTheClock(after time.Time) time.Time {
	shown := face(after, t.zone)
	for {
		if shown = t.nextShown(shown); shown.IsZero() {
			return time.Time{}
		}
		if at := firstShown(shown, t.zone); at.After(after) {
			return at.In(t.zone)
		}
	}
}

// nextAsTimePasses looks at stretches in which the clock is not changed.
func (t Timetable) nextAsTimePasses(after time.Time) time.Time {
	from := after.Add(1)
	for {
		shown := t.nextShown(face(from, t.zone).Add(-1))
		if shown.IsZero() {
			return time.Time{}
		}
		at := shown.Add(-offset(from, t.zone))
		limit := from.Add(2 * widest)
		change := changeAfter(from, earlier(limit, at.Add(1)), t.zone)
		switch {
		case at.Before(change):
			return at.In(t.zone)
		case change.Before(limit):
			from = change
		default: // nothing matches before the clock shows that time
			from = later(limit, at.Add(-2*widest))
		}
	}
}

// nextShown returns the next time of the clock that matches, written as if in
// UTC. cron looks five years ahead; between leap days there can be eight.
func (t Timetable) nextShown(after time.Time) time.Time {
	next := t.spec.Next(after)
	if next.IsZero() {
		next = t.spec.Next(after.AddDate(4, 0, 0))
	}
	return next
}

// Previous returns the last instant, not after the given one, at which something
// was due; zero if there was none, for an expression in the nine years before it.
func (t Timetable) Previous(until time.Time) time.Time {
	if t.spec == nil {
		if t.at.After(until) {
			return time.Time{}
		}
		return t.at
	}
	const day = 24 * time.Hour
	for _, back := range []time.Duration{time.Hour, 2 * day, 40 * day, 9 * 366 * day} {
		early, late := until.Add(-back), until
		if next := t.Next(early); next.IsZero() || next.After(until) {
			continue
		}
		// Something was due after early, and nothing after late.
		for late.Sub(early) > time.Second {
			middle := early.Add(late.Sub(early) / 2)
			if next := t.Next(middle); next.IsZero() || next.After(until) {
				late = middle
			} else {
				early = middle
			}
		}
		return t.Next(early)
	}
	return time.Time{}
}

// Upcoming returns the next n instants, fewer if there are no more.
func (t Timetable) Upcoming(after time.Time, n int) []time.Time {
	var all []time.Time
	for len(all) < n {
		after = t.Next(after)
		if after.IsZero() {
			break
		}
		all = append(all, after)
	}
	return all
}

// values lists the bits that are set.
func values(field uint64) []int {
	var all []int
	for field &^= starBit; field != 0; field &= field - 1 {
		all = append(all, bits.TrailingZeros64(field))
	}
	return all
}
