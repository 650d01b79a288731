package timetable

import (
	"iter"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for expr, want := range map[string]string{
		"0 3 * * *":          "every day at 03:00",
		"@daily":             "every day at 00:00",
		"0 3,15 * * *":       "every day at 03:00 and 15:00",
		"* * * * *":          "every minute",
		"*/15 * * * *":       "every 15 minutes",
		"@hourly":            "every hour, on the hour",
		"5 * * * *":          "every hour at minute 5",
		"5,20,21,22 * * * *": "every hour at minutes 5 and 20–22",
		"*/7 * * * *":        "every hour at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56",
		"0 */2 * * *":        "every 2 hours from 00:00",
		"30 */2 * * 1-5":     "every 2 hours from 00:30, Monday to Friday",
		"0 */6 * * *":        "every day at 00:00, 06:00, 12:00 and 18:00",
		"*/15 8-17 * * 1-5":  "every 15 minutes from 08:00 to 17:45, Monday to Friday",
		"* 8 * * *":          "every minute from 08:00 to 08:59",
		"10 8-17 * * *":      "every hour from 08:10 to 17:10",
		"* 1,3,5 * * *":      "every minute of hours 1, 3 and 5",
		"1-9 1,3,5 * * *":    "every day at minutes 1–9 of hours 1, 3 and 5",
		"@weekly":            "every Sunday at 00:00",
		"0 3 * * 1,4":        "every Monday and Thursday at 03:00",
		"0 3 * * 0,6":        "every Saturday and Sunday at 03:00",
		"0 3 * * 5-6,0":      "Friday to Sunday at 03:00",
		"@monthly":           "on day 1 of every month at 00:00",
		"0 3 1,15 * *":       "on days 1 and 15 of every month at 03:00",
		"0 3 31 * *":         "on day 31 of every month that has it at 03:00",
		"0 3 29,30 * *":      "on days 29 and 30 of every month, where it has them, at 03:00",
		"@yearly":            "on day 1 of January at 00:00",
		"0 3 * 6-8 *":        "every day in June to August at 03:00",
		"0 3 * 1,7 1":        "every Monday in January and July at 03:00",
		"0 3 1 * 1":          "on day 1 of every month and also every Monday at 03:00",
		"0 3 1 1 1":          "on day 1 and also every Monday, both in January, at 03:00",
		"*/5 * 1 1 1":        "every 5 minutes, on day 1 and also every Monday, both in January",
		"0 3 */2 * 1":        "on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of every month, where it has them, and also every Monday at 03:00",
		"0 3 1-31 * 1":       "every day at 03:00", // without a star, either will do
	} {
		if got := must(t, expr, "Europe/Prague").Words(); got != want+" (Europe/Prague)" {
			t.Errorf("%-20s %s\n%s want %s", expr, got, "                   ", want)
		}
	}
}

// Words must say all that an expression says: who reads the same words may rely
// on the same times.
func TestTheSameWordsMeanTheSameTimes(t *testing.T) {
	type meaning struct{ minutes, hours, month, date, weekday uint64 }
	meant, from, again := map[string]meaning{}, map[string]string{}, 0
	for expr := range crossed(
		[]string{"0", "5", "*", "*/1", "*/30", "0,30", "*/7", "0-59", "0,10,20,30,40,50"},
		[]string{"0", "3", "*", "*/1", "*/2", "0-23", "0-11", "8-17", "1,5,9", "8,9,10,11,12,13,14,15,16,17"},
		[]string{"1", "*", "?", "1,15", "31", "1-31", "*/2"},
		[]string{"*", "1", "1-12", "1,7", "2-4", "2,3,4"},
		[]string{"*", "?", "1", "1-5", "0-6", "0,6", "1,2,3,4,5"},
	) {
		tt := must(t, expr, "")
		m := meaning{tt.spec.Minute &^ starBit, tt.spec.Hour &^ starBit, tt.spec.Month &^ starBit, tt.spec.Dom &^ starBit, tt.spec.Dow &^ starBit}
		if both := (tt.spec.Dom|tt.spec.Dow)&starBit != 0; !both && (len(values(m.date)) == 31 || len(values(m.weekday)) == 7) {
			m.date, m.weekday = 1<<32-2, 1<<7-1 // either will do, and one always does
		}
		words := tt.Words()
		before, seen := meant[words]
		if seen && before != m {
			t.Fatalf("%q stands for %q and for %q", words, from[words], expr)
		}
		if seen {
			again++
		}
		meant[words], from[words] = m, expr
	}
	if again == 0 {
		t.Error("no two expressions had the same words: nothing was tested")
	}
}

// crossed yields every expression of these fields.
func crossed(fields ...[]string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := 0; ; n++ {
			rest, parts := n, make([]string, len(fields))
			for i, f := range fields {
				parts[i], rest = f[rest%len(f)], rest/len(f)
			}
			if rest > 0 || !yield(strings.Join(parts, " ")) {
				return
			}
		}
	}
}

// The manual's table is what the panel says.
func TestTheManualTellsTheWords(t *testing.T) {
	manual, err := os.ReadFile("../docs/schedules.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|$").FindAllStringSubmatch(string(manual), -1)
	if len(rows) < 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		if got := must(t, row[1], "").Words(); got != row[2]+" (UTC)" {
			t.Errorf("%s is %q, the manual says %q", row[1], got, row[2])
		}
	}
}
