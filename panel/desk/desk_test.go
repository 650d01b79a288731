package desk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

func at(l *labtest.Lab) desk.Desk {
	return desk.Desk{Bench: l.Bench, Setup: l.Bench, Feed: l.Hub, Store: l.Store, Now: l.Now}
}

// state is a bench with an experiment and a gateway.
func state() lab.State {
	return lab.State{Experiments: []string{"toggles"}, Gateways: []lab.Gateway{{Name: "aeotec"}}, Zone: "Europe/Prague"}
}

// fields are those in which something is wrong.
func fields(err error) string {
	var ps desk.Problems
	if err != nil && !errors.As(err, &ps) {
		return err.Error()
	}
	var names []string
	for _, p := range ps {
		names = append(names, p.Field)
	}
	return strings.Join(names, " ")
}

func TestTasksAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		task store.Task
		want string
	}{
		"experiment":        {store.Task{Experiment: "toggles", Gateways: []string{"aeotec"}, Tags: []string{"a"}}, ""},
		"idle":              {store.Task{Idle: time.Hour}, ""},
		"nothing":           {store.Task{}, "experiment"},
		"both":              {store.Task{Experiment: "toggles", Idle: time.Hour}, "idle"},
		"no such":           {store.Task{Experiment: "other"}, "experiment"},
		"no such gateway":   {store.Task{Experiment: "toggles", Gateways: []string{"aeotec", "x"}}, "gateways"},
		"too short":         {store.Task{Idle: time.Millisecond}, "idle"},
		"too long":          {store.Task{Idle: 32 * 24 * time.Hour}, "idle"},
		"negative":          {store.Task{Idle: -time.Hour}, "idle"},
		"bad tag":           {store.Task{Experiment: "toggles", Tags: []string{"a\n"}}, "tags"},
		"many tags":         {store.Task{Experiment: "toggles", Tags: slices.Repeat([]string{"a"}, 21)}, "tags"},
		"everything at one": {store.Task{Experiment: "x", Gateways: []string{"y"}, Tags: []string{""}}, "experiment gateways tags"},
	} {
		if got := fields(desk.CheckTask(state(), c.task).Err()); got != c.want {
			t.Errorf("%s: wrong are %q, want %q", name, got, c.want)
		}
	}
}

func TestFormsOfTasksAreRead(t *testing.T) {
	task, ps := desk.ReadTask("experiment", " toggles ", "12h", " 18446744073709551615 ", "a, b ,,c", []string{"aeotec"})
	if len(ps) > 0 || task.Experiment != "toggles" || task.Idle != 0 || task.Seed != 1<<64-1 || !slices.Equal(task.Tags, []string{"a", "b", "c"}) {
		t.Errorf("%+v, %v", task, ps)
	}
	if task, ps = desk.ReadTask("idle", "toggles", "7d", "x", "", nil); len(ps) > 0 || task.Experiment != "" || task.Idle != 7*24*time.Hour {
		t.Errorf("%+v, %v", task, ps)
	}
	for _, seed := range []string{"-1", "1.5", "x", "18446744073709551616"} {
		if _, ps := desk.ReadTask("experiment", "toggles", "", seed, "", nil); fields(ps) != "seed" {
			t.Errorf("seed %q: %v", seed, ps)
		}
	}
	for _, idle := range []string{"", "0", "-1h", "soon", "1e300", "NaN"} {
		if _, ps := desk.ReadTask("idle", "", idle, "", "", nil); fields(ps) != "idle" {
			t.Errorf("idle %q: %v", idle, ps)
		}
	}
}

func TestSchedulesAreChecked(t *testing.T) {
	now := labtest.Noon()
	good := store.Schedule{Name: "nightly", Task: store.Task{Experiment: "toggles"}, Cron: "0 3 * * *", Zone: "Europe/Prague", Missed: store.SkipMissed, Retries: 1}
	for name, c := range map[string]struct {
		change func(*store.Schedule)
		want   string
	}{
		"good":           {func(*store.Schedule) {}, ""},
		"once":           {func(s *store.Schedule) { s.Cron, s.At = "", now.Add(time.Minute) }, ""},
		"utc":            {func(s *store.Schedule) { s.Zone = "" }, ""},
		"no name":        {func(s *store.Schedule) { s.Name = " " }, "name"},
		"turning name":   {func(s *store.Schedule) { s.Name = "a\u202eb" }, "name"},
		"long name":      {func(s *store.Schedule) { s.Name = strings.Repeat("é", 81) }, "name"},
		"no time":        {func(s *store.Schedule) { s.Cron = "" }, "cron"},
		"two times":      {func(s *store.Schedule) { s.At = now.Add(time.Hour) }, "at"},
		"past":           {func(s *store.Schedule) { s.Cron, s.At = "", now }, "at"},
		"bad expression": {func(s *store.Schedule) { s.Cron = "0 25 * * *" }, "cron"},
		"never":          {func(s *store.Schedule) { s.Cron = "0 0 31 2 *" }, "cron"},
		"zone inside":    {func(s *store.Schedule) { s.Cron = "TZ=UTC 0 3 * * *" }, "cron"},
		"bad zone":       {func(s *store.Schedule) { s.Zone = "../etc/passwd" }, "zone"},
		"local zone":     {func(s *store.Schedule) { s.Zone = "Local" }, "zone"},
		"policy":         {func(s *store.Schedule) { s.Missed = "sometimes" }, "missed"},
		"many retries":   {func(s *store.Schedule) { s.Retries = desk.MostRetries + 1 }, "retries"},
		"less than none": {func(s *store.Schedule) { s.Retries = -1 }, "retries"},
		"bad task":       {func(s *store.Schedule) { s.Task = store.Task{} }, "experiment"},
	} {
		s := good
		c.change(&s)
		if got := fields(desk.CheckSchedule(state(), s, now).Err()); got != c.want {
			t.Errorf("%s: wrong are %q, want %q", name, got, c.want)
		}
	}
}

// A schedule begins when it is made, begins anew when its times change or when
// it goes on after a pause, and otherwise keeps what it has accounted for.
func TestSinceWhenASchedulesFiringsCount(t *testing.T) {
	l := labtest.Full(t)
	d := at(l)
	clock := labtest.Noon()
	d.Now = func() time.Time { return clock }
	s, err := d.SaveSchedule(t.Context(), store.Schedule{Name: "dawn", Task: store.Task{Experiment: "paper"}, Cron: "0 5 * * *"}, "ada")
	if err != nil || s.ID == "" || !s.Since.Equal(clock) || !s.Created.Equal(clock) || s.By != "ada" || s.Zone != "Europe/Prague" || s.Missed != store.SkipMissed || s.Revision == 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	made := clock
	save := func(want time.Time, change func(*store.Schedule)) {
		t.Helper()
		clock = clock.Add(time.Hour)
		change(&s)
		if s, err = d.SaveSchedule(t.Context(), s, "bea"); err != nil || !s.Since.Equal(want) || !s.Created.Equal(made) || s.By != "ada" {
			t.Errorf("%+v, %v; want since %v", s, err, want)
		}
	}
	save(made, func(s *store.Schedule) { s.Name = "sunrise" })
	save(made, func(s *store.Schedule) { s.Retries = 3 })
	save(clock.Add(time.Hour), func(s *store.Schedule) { s.Cron = "0 6 * * *" })
	save(clock.Add(time.Hour), func(s *store.Schedule) { s.Zone = "UTC" })
	before := s.Since
	if s, err = d.PauseSchedule(t.Context(), s.ID, true); err != nil || !s.Paused || !s.Since.Equal(before) {
		t.Errorf("%+v, %v", s, err)
	}
	clock = clock.Add(48 * time.Hour)
	if s, err = d.PauseSchedule(t.Context(), s.ID, false); err != nil || s.Paused || !s.Since.Equal(clock) {
		t.Errorf("%+v, %v", s, err)
	}
	old := s
	old.Revision--
	if _, err := d.SaveSchedule(t.Context(), old, "bea"); !errors.Is(err, store.ErrChanged) {
		t.Errorf("an old revision: %v", err)
	}
	if err := errors.Join(d.RemoveSchedule(t.Context(), s.ID)); err != nil {
		t.Error(err)
	}
	if err := d.RemoveSchedule(t.Context(), s.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
}

func TestQueriesAreRead(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	q, err := desk.RunQuery(url.Values{"gateway": {" aeotec "}, "verdict": {"not-detected"}, "from": {"2026-10-25"}, "to": {"2026-10-25"}, "sort": {"p"}, "order": {"asc"}, "limit": {"500"}, "attention": {"1"}, "what": {"else"}}, prague)
	if err != nil || q.Gateway != "aeotec" || q.Sort != store.ByP || !q.Ascending || !q.Attention || q.Limit != 500 || q.To.Sub(q.From) != 25*time.Hour {
		t.Errorf("%+v, %v: a day at the end of summer time has 25 hours", q, err)
	}
	for field, value := range map[string]string{"sort": "name", "order": "up", "limit": "501", "from": "yesterday", "to": "2026-13-01"} {
		if _, err := desk.RunQuery(url.Values{field: {value}}, time.UTC); fields(err) != field {
			t.Errorf("%s=%s: %v", field, value, err)
		}
	}
	if _, err := desk.RunQuery(url.Values{"from": {"2026-10-25"}, "to": {"2026-10-24"}}, time.UTC); fields(err) != "to" {
		t.Errorf("backwards: %v", err)
	}
	if _, err := desk.FiringQuery(url.Values{"outcome": {"lost"}, "limit": {"0"}}); fields(err) != "outcome limit" {
		t.Errorf("firings: %v", err)
	}
	if f, err := desk.FiringQuery(url.Values{"outcome": {"missed"}, "schedule": {"s"}, "after": {"c"}}); err != nil || f.Outcome != store.Missed || f.Schedule != "s" || f.After != "c" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestExplorationsAreRead(t *testing.T) {
	o, err := desk.Exploration(" 0.05 ", "1.5", "7")
	if err != nil || o.Alpha != 0.05 || o.Window != 1500*time.Millisecond || o.Seed != 7 {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := desk.Exploration("", "", ""); err != nil || o.Alpha != 0 || o.Window != 0 || o.Seed != 0 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, c := range [][4]string{{"0", "", "", "alpha"}, {"1", "", "", "alpha"}, {"NaN", "", "", "alpha"}, {"-1", "x", "y", "alpha window seed"}, {"", "0s", "", "window"}, {"", "-1s", "", "window"}, {"", "2h", "", "window"}, {"", "", "-1", "seed"}} {
		if _, err := desk.Exploration(c[0], c[1], c[2]); fields(err) != c[3] {
			t.Errorf("%q: wrong are %q", c, fields(err))
		}
	}
}

func TestGatewaysAreRead(t *testing.T) {
	g, ps := desk.GatewayText{Name: " hub ", Interface: "eth1", MACs: "24:fd:5b:00:00:01 24:fd:5b:00:00:02", Addresses: "192.168.1.20,\n2001:db8::1", Phones: "", Linked: true}.Read()
	if len(ps) > 0 || g.Name != "hub" || len(g.MACs) != 2 || len(g.Addresses) != 2 || g.Phones != nil || !g.Linked {
		t.Errorf("%+v, %v", g, ps)
	}
	again, ps := desk.TextOf(g).Read()
	if len(ps) > 0 || fmt.Sprint(again) != fmt.Sprint(g) {
		t.Errorf("read again: %+v, %v", again, ps)
	}
	for want, text := range map[string]desk.GatewayText{
		"name interface": {MACs: "24:fd:5b:00:00:01"},
		"macs":           {Name: "a", Interface: "b", MACs: "x"},
		"addresses":      {Name: "a", Interface: "b", MACs: "24:fd:5b:00:00:01", Addresses: "192.168.1"},
		"phones":         {Name: "a", Interface: "b", MACs: "24:fd:5b:00:00:01", Phones: "mine"},
	} {
		if _, ps := text.Read(); fields(ps) != want {
			t.Errorf("%+v: wrong are %q, want %q", text, fields(ps), want)
		}
	}
	if _, ps := (desk.GatewayText{Name: "a", Interface: "b"}).Read(); fields(ps) != "macs" {
		t.Errorf("without any address: %v", ps)
	}
}

// A run is found by its ID in the index only; what a request says never becomes
// a path.
func TestRunsAreFoundByTheIndex(t *testing.T) {
	l := labtest.Full(t)
	d := at(l)
	page, err := l.Store.ListRuns(t.Context(), store.RunQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := page.Runs[0]
	entry, folder, err := d.Folder(t.Context(), r.ID)
	if err != nil || entry.ID != r.ID || folder.Dir() != r.Dir {
		t.Fatalf("%+v, %v", entry, err)
	}
	for _, id := range []string{r.Dir, "../" + r.ID, r.ID[:20], "", r.ID + "/..", "%"} {
		if _, _, err := d.Folder(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	r.Dir += "-gone"
	if err := l.Store.PutRun(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Folder(t.Context(), r.ID); !errors.Is(err, store.ErrNotFound) || desk.Status(err) != http.StatusNotFound || strings.Contains(err.Error(), "index") {
		t.Errorf("without its folder: %v", err)
	}
}

// Every sentinel that callers act on has a status of its own; what nobody
// foresaw is the server's fault.
func TestStatuses(t *testing.T) {
	for err, want := range map[error]int{
		store.ErrNotFound: 404, store.ErrExists: 409, store.ErrChanged: 409, lab.ErrBusy: 409, lab.ErrIdle: 409, lab.ErrNotSetUp: 409, lab.ErrUnknown: 404, lab.ErrButton: 409,
		lab.ErrUnsupported: 409, lab.ErrInvalid: 422, lab.ErrChanged: 409, store.ErrQuery: 422, runs.ErrBadNote: 422, runs.ErrNotAnalysed: 404, desk.ErrGoesOn: 409,
		access.ErrBadName: 422, access.ErrBadPassword: 422, access.ErrBadScope: 422, access.ErrWrongPassword: 422, access.ErrPast: 422, access.ErrLastAdmin: 409, access.ErrBusy: 503, access.ErrTooMany: 429,
		context.DeadlineExceeded: 500, errors.New("x"): 500,
	} {
		if got := desk.Status(fmt.Errorf("do it: %w", err)); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
	if desk.Status(desk.Problems{{"a", "b"}}) != 422 || desk.Status(config.Mistakes{{Text: "a"}}) != 422 {
		t.Error("mistakes are not the asker's")
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"12h", "1.5", "7d", "1e300d", "-1", "NaN", "2026-11-23", "24:fd:5b:00:00:01", "a,b,,c", "\xff", "0 3 * * *"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := desk.Span(s); err == nil && strings.HasSuffix(s, "d") && d < 0 {
			t.Errorf("%q days are %v", s, d)
		}
		desk.Exploration(s, s, s)
		desk.RunQuery(url.Values{"from": {s}, "to": {s}, "limit": {s}, "sort": {s}, "text": {s}}, time.UTC)
		desk.GatewayText{Name: s, Interface: s, MACs: s, Addresses: s, Phones: s}.Read()
		desk.CheckSchedule(state(), store.Schedule{Name: s, Cron: s, Zone: s}, labtest.Noon())
		task, _ := desk.ReadTask("experiment", s, s, s, s, []string{s})
		desk.CheckTask(state(), task)
	})
}
