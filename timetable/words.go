package timetable

import (
	"fmt"
	"strings"
	"time"
)

// Words tells the timetable in English, with its zone: "every day at 03:00
// (Europe/Prague)". Two timetables have the same words only if the same is due.
func (t Timetable) Words() string {
	switch {
	case t.spec == nil && t.at.IsZero():
		return "never"
	case t.spec == nil:
		return fmt.Sprintf("once, on %s%s (%s)", t.at.Format(onceFormat(t.at)), t.secondTime(), t.zone)
	}
	return fmt.Sprintf("%s (%s)", t.rule(), t.zone)
}

func onceFormat(at time.Time) string {
	if at.Second() != 0 || at.Nanosecond() != 0 {
		return "2 January 2006 at 15:04:05.999999999"
	}
	return "2 January 2006 at 15:04"
}

// secondTime tells an instant from the one an hour earlier at which the clock
// showed the same.
func (t Timetable) secondTime() string {
	if firstShown(face(t.at, t.zone), t.zone).Equal(t.at) {
		return ""
	}
	return ", when the clock shows it again"
}

// rule puts days and times together: "every Monday at 03:00", or "every 15
// minutes, every Monday".
func (t Timetable) rule() string {
	times, repeated := timesInWords(values(t.spec.Minute), values(t.spec.Hour))
	days := t.days()
	switch {
	case repeated && days == "":
		return times
	case repeated:
		return times + ", " + strings.TrimSuffix(days, ",")
	case days == "":
		return "every day " + times
	}
	return days + " " + times
}

// listed is how many times of day are told one by one.
const listed = 6

// timesInWords tells the times of a day, and whether the phrase says "every".
func timesInWords(minutes, hours []int) (phrase string, repeated bool) {
	if len(minutes)*len(hours) <= listed {
		return "at " + and(clockTimes(minutes, hours)), false
	}
	if every, ok := everyMinutes(minutes); ok && consecutive(hours) {
		return every + between(hours, minutes[0], minutes[len(minutes)-1]), true
	}
	if len(minutes) == 1 {
		if phrase, ok := onceAnHour(minutes[0], hours); ok {
			return phrase, true
		}
	}
	if len(hours) == 24 {
		return "every hour at " + numbers("minute", minutes), true
	}
	if len(minutes) == 60 {
		return "every minute of " + numbers("hour", hours), true
	}
	return fmt.Sprintf("at %s of %s", numbers("minute", minutes), numbers("hour", hours)), false
}

// everyMinutes tells minutes that divide the hour evenly.
func everyMinutes(minutes []int) (string, bool) {
	if len(minutes) == 60 {
		return "every minute", true
	}
	step := stepOf(minutes)
	if step == 0 || step*len(minutes) != 60 {
		return "", false
	}
	return fmt.Sprintf("every %d minutes", step), true
}

// onceAnHour tells hours at one minute of theirs.
func onceAnHour(minute int, hours []int) (string, bool) {
	switch step := stepOf(hours); {
	case len(hours) == 24 && minute == 0:
		return "every hour, on the hour", true
	case len(hours) == 24:
		return fmt.Sprintf("every hour at minute %d", minute), true
	case consecutive(hours):
		return "every hour" + between(hours, minute, minute), true
	case step > 0 && step*len(hours) == 24:
		return fmt.Sprintf("every %d hours from 00:%02d", step, minute), true
	}
	return "", false
}

// between limits a phrase to a range of hours, by its first and last time.
func between(hours []int, first, last int) string {
	if len(hours) == 24 {
		return ""
	}
	return fmt.Sprintf(" from %02d:%02d to %02d:%02d", hours[0], first, hours[len(hours)-1], last)
}

// days tells on which days something is due; empty means on every day. By cron's
// rule a day must match day of month and day of week if one of them has a star,
// and otherwise either.
func (t Timetable) days() string {
	both := t.spec.Dom&starBit != 0 || t.spec.Dow&starBit != 0
	everyDate, everyWeekday := len(values(t.spec.Dom)) == 31, len(values(t.spec.Dow)) == 7
	months := t.months()
	switch {
	case everyDate && everyWeekday, !both && (everyDate || everyWeekday):
		if months == "" {
			return ""
		}
		return "every day in " + months
	case everyDate:
		return strings.TrimSuffix(t.weekdays()+" in "+months, " in ")
	case everyWeekday && months != "":
		return t.dates() + " of " + months
	case everyWeekday:
		return t.dates() + " of " + t.everyMonth()
	case months != "":
		return fmt.Sprintf("%s and also %s, both in %s,", t.dates(), t.weekdays(), months)
	}
	return fmt.Sprintf("%s of %s and also %s", t.dates(), t.everyMonth(), t.weekdays())
}

func (t Timetable) dates() string { return "on " + numbers("day", values(t.spec.Dom)) }

// everyMonth says so if not every month has such a day.
func (t Timetable) everyMonth() string {
	dates := values(t.spec.Dom)
	switch {
	case dates[len(dates)-1] <= 28:
		return "every month"
	case len(dates) == 1:
		return "every month that has it"
	}
	return "every month, where it has them,"
}

// months is empty for all of them.
func (t Timetable) months() string {
	months := values(t.spec.Month)
	if len(months) == 12 {
		return ""
	}
	return and(ranges(months, func(m int) string { return time.Month(m).String() }, " to "))
}

// weekdays begins the week on Monday.
func (t Timetable) weekdays() string {
	days := values(t.spec.Dow)
	if days[0] == 0 {
		days = append(days[1:], 7)
	}
	names := ranges(days, func(d int) string { return time.Weekday(d % 7).String() }, " to ")
	if len(names) == 1 && len(days) > 1 {
		return names[0]
	}
	return "every " + and(names)
}
