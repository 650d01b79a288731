package pages_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// asked demands that the bench was asked for something, and forgets nothing.
func (b *bench) asked(want string) {
	b.t.Helper()
	if all := b.Asked(); !slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, want) }) {
		b.t.Errorf("the bench was not asked to %s, only %q", want, all)
	}
}

// wrongAt demands that a page shows a mistake beside a field.
func (p page) wrongAt(field string) {
	p.t.Helper()
	for _, n := range p.all(func(n *html.Node) bool { return attr(n, "name") == field && attr(n, "aria-invalid") == "true" }) {
		for up := n.Parent; up != nil; up = up.Parent {
			for d := range up.Descendants() {
				if d.Data == "p" && attr(d, "class") == "wrong" && content(d) != "" {
					return
				}
			}
		}
	}
	p.t.Errorf("%s shows no mistake at the field %s: %.1500s", p.path, field, p.words())
}

// value is what a field of the page holds.
func (p page) value(field string) string {
	p.t.Helper()
	for _, n := range p.all(func(n *html.Node) bool { return attr(n, "name") == field }) {
		if n.Data == "textarea" {
			return strings.TrimPrefix(n.FirstChild.Data, "\n")
		}
		if n.Data != "select" {
			return attr(n, "value")
		}
		for d := range n.Descendants() {
			if d.Data == "option" && slices.ContainsFunc(d.Attr, func(a html.Attribute) bool { return a.Key == "selected" }) {
				if v := attr(d, "value"); v != "" {
					return v
				}
				return content(d)
			}
		}
	}
	p.t.Errorf("%s has no field %s", p.path, field)
	return ""
}

func TestStartStopAndBlink(t *testing.T) {
	b := serve(t, labtest.Ready(t))
	b.post("/bench/start", "kind", "experiment", "experiment", "ten-toggles", "gateways", "echo", "tags", "a, b", "seed", "x").says(422).wrongAt("seed")
	p := b.post("/bench/start", "kind", "experiment", "experiment", "ten-toggles", "gateways", "echo", "tags", "a, b\x07", "seed", "7")
	p.says(422, "A tag is").wrongAt("tags")
	if p.value("seed") != "7" {
		t.Error("the form has forgotten the seed")
	}
	b.post("/bench/start", "kind", "experiment", "experiment", "no-such", "seed", "").says(422).wrongAt("experiment")
	b.post("/bench/start", "kind", "idle", "idle", "soon").says(422).wrongAt("idle")
	b.post("/bench/start", "kind", "experiment", "experiment", "ten-toggles", "gateways", "nobody").says(422, "no gateway")
	if slices.ContainsFunc(b.Asked(), func(s string) bool { return strings.HasPrefix(s, "Start") }) {
		t.Error("a wrong form was handed to the bench")
	}
	b.post("/bench/blink").says(200, "The bulb has blinked.")
	b.asked("Blink")

	b.post("/bench/start", "kind", "experiment", "experiment", "ten-toggles", "gateways", "echo", "tags", "a, b", "seed", "7").says(200, "The run has begun", "Stop the run")
	b.asked("Start ten-toggles")
	task := b.State(t.Context()).Running.Task
	if task.Seed != 7 || !slices.Equal(task.Tags, []string{"a", "b"}) || !slices.Equal(task.Gateways, []string{"echo"}) {
		t.Errorf("the task is %+v", task)
	}
	if p = b.get("/"); strings.Contains(p.words(), "The run has begun") {
		t.Error("the message is shown twice")
	}
	b.post("/bench/start", "kind", "experiment", "experiment", "ten-toggles").says(200, "The bench is busy")
	b.post("/bench/blink").says(200, "The bench is busy")
	b.post("/bench/stop").says(200, "the bulb is put back")
	b.post("/bench/stop").says(200, "No run is going on")
}

func TestPreview(t *testing.T) {
	b := serve(t, labtest.Ready(t))
	p := b.get("/preview?kind=experiment&experiment=ten-toggles&gateways=echo&seed=7").says(200, "Nothing was sent", "control: nothing is sent", "Least p")
	if p.value("seed") != "7" || p.value("gateways") != "echo" {
		t.Error("the start below the dry run would be another")
	}
	b.get("/preview?kind=experiment&experiment=no-such").says(422).wrongAt("experiment")
	b.get("/?" + "kind=experiment&experiment=paper&tags=x").says(200)
}

func TestNotesAndExploration(t *testing.T) {
	b := serve(t, labtest.Full(t))
	all, err := b.Store.ListRuns(t.Context(), store.RunQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := all.Runs[0]
	b.post("/runs/"+r.ID+"/notes", "text", "  ").says(422, "Write a note").wrongAt("text")
	b.post("/runs/"+r.ID+"/notes", "text", "kept", "tags", strings.Repeat("x", 99)).says(422).wrongAt("tags")
	b.post("/runs/"+r.ID+"/notes", "text", "The lamp <b>flickered</b>.\nTwice.", "tags", "odd, seen", "untags", "firmware-0.54").says(200, "The note is kept", "The lamp <b>flickered</b>.", "+ odd", "− firmware-0.54", "operator")
	b.asked("Refresh")
	folder, err := runs.Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	notes, err := folder.Notes()
	if last := notes[len(notes)-1]; err != nil || last.By != "operator" || !last.At.Equal(labtest.Noon()) || len(last.Tag) != 2 || len(last.Untag) != 1 {
		t.Errorf("kept %+v, %v", notes, err)
	}
	b.post("/runs/none/notes", "text", "a").says(404)

	b.get("/runs/"+r.ID+"/explore?alpha=0.05&window=1s&seed=3").says(200, "Exploratory", "Only the registered analysis gives the run's verdict", "α = 0.05")
	b.get("/runs/"+r.ID+"/explore").says(200, "The registered analysis, repeated")
	b.get("/runs/" + r.ID + "/explore?alpha=2").says(422).wrongAt("alpha")
	b.get("/runs/" + r.ID + "/explore?window=soon").says(422).wrongAt("window")
	b.get("/runs/" + r.ID + "/explore?seed=-1").says(422).wrongAt("seed")
	running(b.Lab, r.ID)
	b.get("/runs/"+r.ID+"/explore?alpha=0.05").says(409, "the run goes on")
}

func TestSchedules(t *testing.T) {
	b := serve(t, labtest.Full(t))
	full := []string{"name", "Every dawn", "kind", "experiment", "experiment", "paper", "gateways", "nest", "tags", "dawn", "when", "cron", "cron", "30 5 * * *", "zone", "Europe/Prague", "missed", "run-once", "retries", "2"}
	with := func(field, value string) []string {
		pairs := slices.Clone(full)
		pairs[slices.Index(pairs, field)+1] = value
		return pairs
	}
	for field, value := range map[string]string{"name": "", "cron": "61 * * * *", "zone": "Atlantis", "missed": "never", "retries": "9", "experiment": "no-such", "tags": strings.Repeat("x", 99)} {
		p := b.post("/schedule/new", with(field, value)...).says(422, "Not saved")
		if field != "missed" {
			p.wrongAt(field)
		}
	}
	b.post("/schedule/new", with("retries", "x")...).says(422).wrongAt("retries")
	b.post("/schedule/new", with("cron", "0 0 30 2 *")...).says(422).wrongAt("cron")
	b.post("/schedule/new", append(with("when", "once"), "at", "2020-01-01T03:00")...).says(422).wrongAt("at")
	b.post("/schedule/new", append(with("when", "once"), "at", "soon")...).says(422).wrongAt("at")
	b.post("/schedule/new", append(slices.Clone(full), "show", "1")...).says(200, "every day at 05:30", "2026-11-19 05:30 CET")
	if all, _ := b.Store.ListSchedules(t.Context()); len(all) != 3 {
		t.Fatalf("a wrong form or a look ahead has made a schedule: %d", len(all))
	}

	b.post("/schedule/new", full...).says(200, "“Every dawn” is saved", "every day at 05:30")
	b.asked("Rescheduled")
	s := b.schedule("Every dawn")
	want := store.Task{Experiment: "paper", Gateways: []string{"nest"}, Tags: []string{"dawn"}}
	if s.Cron != "30 5 * * *" || s.Zone != "Europe/Prague" || s.Missed != store.RunOnce || s.Retries != 2 || s.By != "operator" || !s.Since.Equal(labtest.Noon()) || s.Task.Experiment != want.Experiment || !slices.Equal(s.Task.Gateways, want.Gateways) || !slices.Equal(s.Task.Tags, want.Tags) {
		t.Errorf("saved %+v", s)
	}
	b.change(s)
	b.pause(b.schedule("Every dusk"))
	b.post("/schedule/"+s.ID+"/remove").says(200, "its history stays")
	b.post("/schedule/"+s.ID+"/remove").says(200, "no such entry")
	b.get("/schedule/" + s.ID).says(404)
}

func (b *bench) schedule(name string) store.Schedule {
	b.t.Helper()
	all, err := b.Store.ListSchedules(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s store.Schedule) bool { return s.Name == name })
	if i < 0 {
		b.t.Fatalf("there is no schedule %q", name)
	}
	return all[i]
}

// change edits a schedule by the form that shows it; a form that is out of date
// changes nothing.
func (b *bench) change(s store.Schedule) {
	b.t.Helper()
	p := b.get("/schedule/"+s.ID).says(200, "Change a schedule")
	old := p.value("revision")
	form := []string{"name", "Every dusk", "kind", "idle", "idle", "12h", "when", "once", "at", "2026-12-24T18:30", "zone", "Europe/Prague", "missed", p.value("missed"), "retries", p.value("retries")}
	b.post("/schedule/"+s.ID, form...).says(422, "not whole")
	form = append(form, "revision", old)
	b.post("/schedule/"+s.ID, form...).says(200, "“Every dusk” is saved")
	now := b.schedule("Every dusk")
	if now.Cron != "" || !now.At.Equal(time.Date(2026, 12, 24, 17, 30, 0, 0, time.UTC)) || now.Task.Idle != 12*time.Hour || now.Task.Experiment != "" || !now.Created.Equal(s.Created) || now.By != s.By {
		b.t.Errorf("changed to %+v", now)
	}
	b.post("/schedule/"+s.ID, form...).says(409, "changed this schedule meanwhile")
	if at := b.get("/schedule/" + s.ID).value("at"); at != "2026-12-24T18:30" {
		b.t.Errorf("the form shows %s", at)
	}
}

func (b *bench) pause(s store.Schedule) {
	b.t.Helper()
	b.post("/schedule/"+s.ID+"/pause").says(200, "is paused")
	b.post("/schedule/"+s.ID+"/pause").says(200, "is paused")
	if !b.schedule(s.Name).Paused {
		b.t.Error("it is not paused")
	}
	b.post("/schedule/"+s.ID+"/resume").says(200, "goes on")
	if b.schedule(s.Name).Paused {
		b.t.Error("it is still paused")
	}
}

func TestBridgeAndLight(t *testing.T) {
	b := serve(t, labtest.Empty(t))
	b.post("/setup/bridge/discover").says(200, "Simulated bridge")
	b.post("/setup/bridge/pair", "address", " ").says(422, "Write the bridge's address")
	p := b.post("/setup/bridge/pair", "address", "http://127.0.0.1:8080").says(409, "button was not pressed")
	if p.value("address") == "" {
		t.Error("the address is forgotten")
	}
	b.post("/setup/bridge/button").says(200, "The simulated button is pressed")
	b.post("/setup/bridge/pair", "address", "http://127.0.0.1:8080").says(200, "Paired with Simulated bridge", "Corridor")
	b.post("/setup/light/blink", "id", "1").says(200, "Light 1 has blinked")
	b.asked("BlinkLight 1")
	b.post("/setup/light/choose", "id", "77").says(200, "no such thing")
	b.post("/setup/light/choose", "id", "1").says(200, "is the bulb under test")
	b.asked("ChooseLight 1")
	b.Fail("Lights", errors.New("the bridge does not answer"))
	b.get("/setup/light").says(200, "The bridge does not answer.")
	b.Fail("Discover", errors.New("no network"))
	b.post("/setup/bridge/discover").says(200, "No network.")
	b.Fail("PressButton", lab.ErrUnsupported)
	b.post("/setup/bridge/button").says(200, "This bench cannot do that")
}

func TestGateways(t *testing.T) {
	b := serve(t, labtest.Empty(t))
	b.post("/setup/gateways/listen").says(422, "Choose an interface")
	p := b.post("/setup/gateways/listen", "interface", "sim0").says(200, "SmartThings, Inc.", "hub-4711.local", "the bridge", "<b>rude</b>")
	links := p.all(func(n *html.Node) bool {
		return n.Data == "a" && strings.HasPrefix(attr(n, "href"), "/setup/gateways/edit?") && strings.Contains(attr(n, "href"), "macs=24")
	})
	if len(links) != 1 {
		t.Fatalf("%d links for the hub", len(links))
	}
	p = b.get(attr(links[0], "href"))
	for field, want := range map[string]string{"name": "hub-4711", "kind": "smartthings", "interface": "sim0", "macs": "24:fd:5b:00:00:01", "addresses": "192.168.1.20"} {
		if got := p.value(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	form := []string{"name", "hub", "kind", "smartthings", "firmware", "1", "interface", "sim0", "macs", "24:fd:5b:00:00:01", "addresses", "192.168.1.20, 192.168.1.21", "phones", "", "linked", "1"}
	for field, value := range map[string]string{"name": " ", "macs": "24-zz", "addresses": "home", "phones": "x"} {
		pairs := slices.Clone(form)
		pairs[slices.Index(pairs, field)+1] = value
		b.post("/setup/gateways/edit", pairs...).says(422, "Not saved").wrongAt(field)
	}
	b.post("/setup/gateways/edit", form...).says(200, "hub is saved", "linked, by your word")
	got := b.Gateways(t.Context())
	if len(got) != 1 || got[0].Name != "hub" || !got[0].Linked || len(got[0].Addresses) != 2 || got[0].MACs[0].String() != "24:fd:5b:00:00:01" {
		t.Errorf("saved %+v", got)
	}
	b.post("/setup/gateways/edit", form...).says(422, "Another gateway has that name").wrongAt("name")
	b.post("/setup/gateways/edit", append(slices.Clone(form), "editing", "1")...).says(200, "hub is saved")
	b.get("/setup/gateways/edit?edit=hub").says(200, "Gateway hub")
	b.get("/setup/gateways/edit?edit=nobody").says(404)
	b.Fail("SaveGateway", config.Mistakes{{File: "hueprint.yaml", Line: 3, Column: 1, Text: "the light is missing"}})
	b.post("/setup/gateways/edit", append(slices.Clone(form), "editing", "1")...).says(422, "The light is missing")
	b.Fail("SaveGateway", lab.ErrBusy)
	b.post("/setup/gateways/edit", append(slices.Clone(form), "editing", "1")...).says(409, "The bench is busy")
	b.post("/setup/gateways/remove", "name", "hub").says(200, "its runs stay")
	b.post("/setup/gateways/remove", "name", "hub").says(200, "no such thing")
}

func TestConfiguration(t *testing.T) {
	b := serve(t, labtest.Ready(t))
	p := b.get("/setup/experiments")
	text, revision := p.value("text"), p.value("revision")
	if !strings.Contains(text, "lab: Bench 1") {
		t.Fatalf("the editor holds %q", text)
	}
	b.post("/setup/experiments", "text", text+"oops: 1\r\n", "revision", revision, "do", "check").says(200, "One mistake", "Line 41", "oops")
	p = b.post("/setup/experiments", "text", text+"oops: 1\n", "revision", revision, "do", "save").says(422, "Not saved", "Line 41")
	if !strings.HasSuffix(p.value("text"), "oops: 1\n") {
		t.Error("the text is lost")
	}
	b.post("/setup/experiments", "text", text, "revision", revision, "do", "check").says(200, "no mistake")
	changed := strings.Replace(text, "Bench 1", "Bench 2", 1)
	b.post("/setup/experiments", "text", strings.ReplaceAll(changed, "\n", "\r\n"), "revision", revision, "do", "save").says(200, "The configuration is saved")
	if now, _ := b.Configuration(t.Context()); now.Text != changed {
		t.Error("another text was saved")
	}
	b.post("/setup/experiments", "text", text, "revision", "0", "do", "save").says(409, "changed meanwhile")
	b.Fail("SaveConfiguration", lab.ErrBusy)
	b.post("/setup/experiments", "text", text, "revision", "0", "do", "save").says(409, "the bench is busy")
}

func TestChecks(t *testing.T) {
	b := serve(t, labtest.Ready(t))
	b.get("/setup/checks").says(200, "Check now")
	b.post("/setup/checks").says(200, "1 of 3 checks found something", "Start chrony")
}

func TestPeople(t *testing.T) {
	b := serve(t, labtest.Ready(t))
	b.post("/setup/access/accounts", "name", "b b", "password", "short", "scope", "run").says(422).wrongAt("name")
	b.post("/setup/access/accounts", "name", "bea", "password", "short", "scope", "run").says(422).wrongAt("password")
	b.post("/setup/access/accounts", "name", "bea", "password", "long enough to keep", "scope", "run").says(200, "bea may log in now")
	b.post("/setup/access/accounts", "name", "bea", "password", "long enough to keep", "scope", "run").says(422).wrongAt("name")
	b.post("/setup/access/accounts", "name", "ada", "password", "long enough to keep", "scope", "view").says(200, "ada may log in now")
	b.post("/setup/access/accounts/change", "name", "bea", "scope", "admin").says(200, "bea has the scope admin")
	b.post("/setup/access/accounts/change", "name", "bea", "scope", "king").says(200, "A scope is")
	b.post("/setup/access/accounts/remove", "name", "ada").says(200, "ada is removed")
	b.post("/setup/access/accounts/remove", "name", "bea").says(200, "last administrator")

	b.post("/setup/access/tokens", "name", "probe", "scope", "view", "days", "x").says(422).wrongAt("days")
	p := b.post("/setup/access/tokens", "name", "probe", "scope", "view", "days", "30").says(200, "not shown again", "until 2026-12-18")
	secret := p.all(func(n *html.Node) bool { return n.Data == "code" && attr(n, "class") == "text" })
	if len(secret) != 1 || len(content(secret[0])) < 20 {
		t.Fatal("no token is shown")
	}
	if p = b.get("/setup/access"); strings.Contains(p.text, content(secret[0])) {
		t.Error("the token is shown again")
	}
	all, err := b.Store.ListTokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range all {
		b.post("/setup/access/tokens/revoke", "id", token.ID).says(200, "The token is revoked")
	}
	if all, _ = b.Store.ListTokens(t.Context()); len(all) != 0 {
		t.Error("tokens stay")
	}
}

func TestPassword(t *testing.T) {
	b := serve(t, labtest.Ready(t))
	b.get("/account").says(200, "There is no password to change")
	if err := b.panel.People().Add(t.Context(), access.Operator, "the first password", store.AdminScope); err != nil {
		t.Fatal(err)
	}
	b.post("/account/password", "old", "a", "password", "b", "again", "c").says(422, "The two new passwords differ").wrongAt("again")
	b.post("/account/password", "old", "not the first password", "password", "long enough to keep", "again", "long enough to keep").says(422).wrongAt("old")
	b.post("/account/password", "old", "the first password", "password", "short", "again", "short").says(422).wrongAt("password")
	b.post("/account/password", "old", "the first password", "password", "long enough to keep", "again", "long enough to keep").says(200, "The password is changed")
	b.post("/account/password", "old", "the first password", "password", "long enough to keep", "again", "long enough to keep").says(422).wrongAt("old")
}

// From the set-up link to the bench, out, and in again.
func TestFirstStart(t *testing.T) {
	b := serveTo(t, labtest.Empty(t), access.Options{})
	b.get("/login?next=/runs").says(200, "There is no account yet", "set-up link")
	link, err := b.panel.Invite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := b.get(link).says(200, "Make the first account")
	secret := p.value("secret")
	p = b.post("/first", "secret", secret, "name", "ada", "password", "long enough to keep", "again", "another").says(422, "differ")
	if p.value("name") != "ada" || p.value("secret") != secret {
		t.Error("the form has forgotten what was written")
	}
	b.post("/first", "secret", secret, "name", "ada", "password", "long enough to keep", "again", "long enough to keep").says(200, "Before the first run", "ada")
	b.get(link).says(410, "no longer works")
	b.post("/logout").says(200, "Log in")
	if p = b.get("/runs?sort=p"); p.path != "/login" || p.value("next") != "/runs?sort=p" {
		t.Errorf("at %s", p.path)
	}
	p = b.post("/login", "name", "ada", "password", "no", "next", "/runs").says(401, "The name or the password is wrong.")
	if p.value("name") != "ada" || p.value("next") != "/runs" {
		t.Error("the form has forgotten what was written")
	}
	if p = b.post("/login", "name", "ada", "password", "long enough to keep", "next", "/runs").says(200, "No run yet"); p.path != "/runs" {
		t.Errorf("at %s", p.path)
	}
	b.post("/account/password", "old", "long enough to keep", "password", "an even longer one", "again", "an even longer one").says(200, "The password is changed", "Log in")
}

// Each form is posted by a test of this file: a route that none posts to has no
// test.
func TestEveryFormHasATest(t *testing.T) {
	source := formsSource(t)
	b := serve(t, labtest.Empty(t))
	for _, r := range b.panel.Routes() {
		if r.Method != http.MethodPost || strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		path := strings.NewReplacer("/runs/:id/", `/runs/"+r.ID+"/`, "/schedule/:id", `/schedule/"+s.ID`).Replace(r.Path)
		path = strings.Replace(path, `+s.ID/`, `+s.ID+"/`, 1)
		if !strings.Contains(source, `b.post("`+path) {
			t.Errorf("no test posts to %s", r.Path)
		}
	}
}
