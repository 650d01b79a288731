package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/notify"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// TestNoticesAreDelivered posts a notice to a configured webhook, with its page
// and signature.
func TestNoticesAreDelivered(t *testing.T) {
	got := make(chan notify.Message, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m notify.Message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.Header.Get(notify.SignatureHeader) == "" {
			t.Errorf("posted: %v, signed %q", err, r.Header.Get(notify.SignatureHeader))
		}
		got <- m
	}))
	defer hook.Close()
	dir := t.TempDir()
	t.Setenv(runs.StateVariable, filepath.Join(dir, "state"))
	path := filepath.Join(dir, "config.yaml")
	text := "lab: Bench 7\nserve: {url: 'https://lab.example.org/', notify: {webhooks: [{url: '" + hook.URL + "', secret_file: hook.key, allow_local: true}]}}\n"
	for name, content := range map[string]string{path: text, filepath.Join(dir, "hook.key"): "secret\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := startTestServer(t, path)
	if err := s.notify(t.Context(), orchestrator.Notice{Kind: orchestrator.VerdictNotice, Title: "echo is now visible", Text: "Look.", Run: "01X", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-got:
		if m.Subject != "Bench 7: echo is now visible" || m.URL != "https://lab.example.org/runs/01X" || m.Kind != "verdict" {
			t.Errorf("the message is %+v", m)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was posted")
	}
	if _, err := destinations(config.Notify{Webhooks: []config.Webhook{{URL: hook.URL, SecretFile: filepath.Join(dir, "none")}}}); err == nil {
		t.Error("a webhook without its key is used")
	}
}

// TestServerCarriesOutSchedules lets a schedule fire an idle recording on the
// simulated lab, and removes a run that has grown too old.
func TestServerCarriesOutSchedules(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	s := simulatedServer(t, "aeotec")
	setUp(t, s)
	now := time.Now()
	entry, err := s.store.PutSchedule(t.Context(), store.Schedule{ID: "soon", Name: "soon", Task: store.Task{Idle: 2 * time.Second, Tags: []string{"quiet"}},
		At: now.Add(1500 * time.Millisecond), Missed: store.SkipMissed, Since: now, Created: now, By: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	bench := benchPort{s}
	bench.Rescheduled()
	if next := bench.State(t.Context()).Next; len(next) != 1 || next[0].Schedule != entry.ID {
		t.Errorf("next comes %+v", next)
	}
	f := awaitFiring(t, s, entry.ID)
	if f.Outcome != store.Carried || len(f.Runs) != 1 {
		t.Fatalf("the firing is %+v", f)
	}
	r, err := s.store.Run(t.Context(), f.Runs[0])
	if err != nil || !r.Idle || !r.Simulated || r.Schedule != entry.ID || strings.Join(r.Tags, " ") != "quiet" {
		t.Errorf("the run is %+v, %v", r, err)
	}
	err = s.settings.edit(func(text []byte) ([]byte, error) {
		return []byte(strings.Replace(string(text), "keep_for: 0d", "keep_for: 1ms", 1)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	firing, err := bench.Start(t.Context(), "test", store.Task{Idle: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, s, firing)
	if _, err := s.store.Run(t.Context(), r.ID); err == nil {
		t.Error("the old recording is kept")
	}
	if _, err := os.Stat(r.Dir); !os.IsNotExist(err) {
		t.Errorf("the folder of the old recording is there: %v", err)
	}
	all, err := allRuns(t.Context(), s.store)
	if err != nil || len(all) != 1 || all[0].Bytes != s.shelf.room() {
		t.Errorf("of the runs %+v the shelf says that they take %d bytes (%v)", all, s.shelf.room(), err)
	}
	if err := (setupPort{s}).PressButton(t.Context()); err != nil {
		t.Error(err)
	}
	if err := (realSite{}).pressButton(); err != lab.ErrUnsupported {
		t.Errorf("a real button: %v", err)
	}
}

// awaitFiring waits for the one firing of a schedule to end.
func awaitFiring(t *testing.T, s *server, schedule string) store.Firing {
	t.Helper()
	for range 200 {
		page, err := s.store.ListFirings(t.Context(), store.FiringQuery{Schedule: schedule})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Firings) > 0 {
			return awaitEnd(t, s, page.Firings[0].ID)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("schedule %s does not fire", schedule)
	return store.Firing{}
}
