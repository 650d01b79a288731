package desk

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hueprint/hueprint/store"
)

// RunSorts are the columns by which a list of runs can be ordered.
var runSorts = []store.RunSort{store.ByTime, store.ByExperiment, store.ByGateway, store.ByVerdict, store.ByP, store.ByDuration}

// RunQuery reads which runs somebody asks for: gateway, verdict, tag,
// experiment, schedule, ending, text, from and to (RFC 3339, or a day in the
// zone; a day in to is included), attention, sort, order (asc or desc), limit
// and after. What it does not know it passes over.
func RunQuery(v url.Values, zone *time.Location) (store.RunQuery, error) {
	q := store.RunQuery{
		Gateway: value(v, "gateway"), Verdict: value(v, "verdict"), Tag: value(v, "tag"), Experiment: value(v, "experiment"),
		Schedule: value(v, "schedule"), Ending: value(v, "ending"), Text: value(v, "text"), After: value(v, "after"),
		Sort: store.RunSort(value(v, "sort")), Ascending: v.Get("order") == "asc", Attention: truth(v.Get("attention")),
	}
	var ps Problems
	q.From = instant(&ps, "from", value(v, "from"), zone, 0)
	q.To = instant(&ps, "to", value(v, "to"), zone, 1)
	if q.Sort != "" && !slices.Contains(runSorts, q.Sort) {
		ps.add("sort", "there are time, experiment, gateway, verdict, p and duration")
	}
	if o := v.Get("order"); o != "" && o != "asc" && o != "desc" {
		ps.add("order", "there are asc and desc")
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		ps.add("to", "it must be after from")
	}
	q.Limit = limit(&ps, v)
	return q, ps.Err()
}

// FiringQuery reads which firings somebody asks for: schedule, outcome, limit and
// after.
func FiringQuery(v url.Values) (store.FiringQuery, error) {
	q := store.FiringQuery{Schedule: value(v, "schedule"), Outcome: store.FiringOutcome(value(v, "outcome")), After: value(v, "after")}
	var ps Problems
	if q.Outcome != "" && !slices.Contains(Outcomes(), q.Outcome) {
		ps.add("outcome", "there are running, done, failed, stopped, interrupted, skipped and missed")
	}
	q.Limit = limit(&ps, v)
	return q, ps.Err()
}

// Outcomes are all that can become of a firing.
func Outcomes() []store.FiringOutcome {
	return []store.FiringOutcome{store.Running, store.Carried, store.Failed, store.Stopped, store.Interrupted, store.Skipped, store.Missed}
}

// mostText bounds what a filter may be.
const mostText = 200

func value(v url.Values, name string) string {
	s := strings.TrimSpace(v.Get(name))
	if len(s) > mostText {
		return strings.ToValidUTF8(s[:mostText], "")
	}
	return s
}

func truth(s string) bool { return s == "true" || s == "1" || s == "on" }

func limit(ps *Problems, v url.Values) int {
	s := value(v, "limit")
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 500 {
		ps.add("limit", "it must be a whole number from 1 to 500")
		return 0
	}
	return n
}

// instant reads an RFC 3339 instant, or a day in the zone plus some days.
func instant(ps *Problems, field, s string, zone *time.Location, days int) time.Time {
	if s == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		ps.add(field, "it must be a day such as 2026-11-23, or an instant such as 2026-11-23T03:00:00Z")
		return time.Time{}
	}
	return t.AddDate(0, 0, days)
}
