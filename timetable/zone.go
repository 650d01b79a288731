package timetable

import (
	"fmt"
	"sort"
	"time"
	_ "time/tzdata" // for machines without a time zone database
)

// Zone returns the location of an IANA name ("Europe/Prague"); empty means UTC.
// The machine's own zone ("Local") is refused: the same schedule would be another
// on another machine.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("no time zone is named %.60q (write a name of the IANA database, such as Europe/Prague or UTC)", name)
	}
	return loc, nil
}

// Changes of a clock are found by looking at its offset, hour by hour.
// [time.Time.ZoneBounds] does not serve: beyond the transitions that the database
// lists, it ends every leap year a day early, and a walk along its bounds stands
// still there.

func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// face returns what the clock of a zone shows, written as if in UTC.
func face(t time.Time, zone *time.Location) time.Time { return t.UTC().Add(offset(t, zone)) }

// changeAfter returns the first instant after t at which the clock is changed,
// or until if it is not changed before that.
func changeAfter(t, until time.Time, zone *time.Location) time.Time {
	was := offset(t, zone)
	for t.Before(until) {
		next := t.Add(time.Hour)
		if offset(next, zone) != was {
			n := sort.Search(3600, func(s int) bool {
				return offset(t.Truncate(time.Second).Add(time.Duration(s+1)*time.Second), zone) != was
			})
			return earlier(t.Truncate(time.Second).Add(time.Duration(n+1)*time.Second), until)
		}
		t = next
	}
	return until
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// widest is more than any zone is off UTC. No clock is changed twice within
// twice that.
const widest = 26 * time.Hour

// firstShown returns when the clock of a zone first shows a time, or the end of
// the jump in which it passes over it.
func firstShown(shown time.Time, zone *time.Location) time.Time {
	early, late := shown.Add(-widest), shown.Add(widest)
	before, after := offset(early, zone), offset(late, zone)
	if before == after {
		return shown.Add(-before)
	}
	change := changeAfter(early, late, zone)
	if at := shown.Add(-before); at.Before(change) {
		return at
	}
	if at := shown.Add(-after); at.After(change) {
		return at
	}
	return change
}
