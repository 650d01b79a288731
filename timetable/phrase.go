package timetable

import (
	"fmt"
	"strconv"
	"strings"
)

// and joins "a, b and c".
func and(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// clockTimes lists "03:00", "03:30" … in their order.
func clockTimes(minutes, hours []int) []string {
	var all []string
	for _, h := range hours {
		for _, m := range minutes {
			all = append(all, fmt.Sprintf("%02d:%02d", h, m))
		}
	}
	return all
}

// numbers tells "minute 5", or "minutes 1, 3 and 5–9".
func numbers(unit string, all []int) string {
	if len(all) > 1 {
		unit += "s"
	}
	return unit + " " + and(ranges(all, strconv.Itoa, "–"))
}

// ranges names values in rising order, three or more consecutive ones as a range.
func ranges(all []int, name func(int) string, to string) []string {
	var parts []string
	for i := 0; i < len(all); {
		last := i
		for last+1 < len(all) && all[last+1] == all[last]+1 {
			last++
		}
		if last-i >= 2 {
			parts = append(parts, name(all[i])+to+name(all[last]))
			i = last + 1
			continue
		}
		parts = append(parts, name(all[i]))
		i++
	}
	return parts
}

// stepOf returns the step of values that begin at 0 and rise evenly; 0 if they
// do not.
func stepOf(all []int) int {
	if len(all) < 2 || all[0] != 0 {
		return 0
	}
	for i, v := range all {
		if v != i*all[1] {
			return 0
		}
	}
	return all[1]
}

func consecutive(all []int) bool { return all[len(all)-1]-all[0] == len(all)-1 }
