package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

// some is a JSON object as a test writes it.
type some = map[string]any

func TestTheBench(t *testing.T) {
	s := serve(t, labtest.Full(t))
	var state lab.State
	s.want(t, 200, "GET", "/bench", view, nil, &state)
	if state.Lab != "Bench 1" || len(state.Gateways) != 4 || state.Running != nil {
		t.Errorf("state %+v", state)
	}
	s.want(t, 200, "POST", "/bench/preview", view, some{"experiment": "ten-toggles"}, nil)
	s.want(t, 204, "POST", "/bench/blink", run, nil, nil)
	s.refused(t, 409, "POST", "/bench/stop", nil)
	var begun struct{ Firing string }
	w := s.want(t, 202, "POST", "/bench/start", run, some{"experiment": "ten-toggles", "seed": 7, "tags": []string{"x"}}, &begun)
	if w.Header().Get("Location") != prefix+"/firings/"+begun.Firing {
		t.Errorf("begun %+v at %s", begun, w.Header().Get("Location"))
	}
	s.want(t, 200, "GET", "/bench", view, nil, &state)
	if state.Running == nil || state.Running.By != "run" {
		t.Errorf("running %+v", state.Running)
	}
	if d := s.refused(t, 409, "POST", "/bench/start", some{"experiment": "ten-toggles"}); !strings.Contains(d, "wait for the run to end, or stop it") {
		t.Errorf("a busy bench: %s", d)
	}
	s.want(t, 202, "POST", "/bench/stop", run, nil, nil)
	s.refused(t, 422, "POST", "/bench/start", some{"experiment": "none"})
	s.refused(t, 422, "POST", "/bench/start", some{})
	s.refused(t, 422, "POST", "/bench/start", some{"experiment": "paper", "idle_ns": int64(time.Hour)})
	s.refusedRaw(t, 422, "POST", "/bench/start", `{"seed": -1}`)
	s.want(t, 200, "GET", "/me", run, nil, nil)
}

func TestABenchThatIsNotSetUp(t *testing.T) {
	s := serve(t, labtest.Empty(t))
	s.want(t, 200, "GET", "/bench", view, nil, nil)
	if d := s.refused(t, 409, "POST", "/bench/start", some{"idle_ns": int64(time.Hour)}); !strings.Contains(d, "Set up") {
		t.Errorf("an empty bench: %s", d)
	}
	for _, path := range []string{"/runs", "/runs/facets", "/schedules", "/firings", "/upcoming", "/bridge", "/gateways", "/lights", "/interfaces", "/configuration", "/accounts", "/tokens"} {
		s.want(t, 200, "GET", path, admin, nil, nil)
	}
}

// What nobody foresaw is told to the log alone; what goes wrong with the bridge
// is told to the administrator who must mend it.
func TestFailures(t *testing.T) {
	s := serve(t, labtest.Full(t))
	s.Fail("Start", errors.New("/secret/path: disk on fire"))
	if d := s.refused(t, 500, "POST", "/bench/start", some{"experiment": "paper"}); strings.Contains(d, "secret") {
		t.Errorf("told too much: %s", d)
	}
	s.Fail("Pair", errors.New("dial 192.168.1.2: no route to host"))
	if d := s.refused(t, 409, "POST", "/bridge/pair", some{"address": "http://192.168.1.2"}); !strings.Contains(d, "no route to host") {
		t.Errorf("told too little: %s", d)
	}
	s.Fail("Start", lab.ErrUnsupported)
	s.refused(t, 409, "POST", "/bench/start", some{"experiment": "paper"})
}

func TestEventsAreStreamed(t *testing.T) {
	s := serve(t, labtest.Full(t))
	s.Hub.Publish(lab.KindFiring, store.Firing{ID: "f"})
	w := s.want(t, 200, "GET", "/events?after=1", view, nil, nil)
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") || w.Code != http.StatusOK {
		t.Errorf("a stream of %s", w.Header().Get("Content-Type"))
	}
}

func TestSchedules(t *testing.T) {
	s := serve(t, labtest.Full(t))
	type schedule struct {
		store.Schedule
		Words string
		Next  []time.Time
	}
	var made, got schedule
	body := some{"name": "Every morning", "task": some{"experiment": "paper"}, "cron": "0 6 * * *", "zone": "Europe/Prague", "missed": "run-once", "retries": 1}
	w := s.want(t, 201, "POST", "/schedules", run, body, &made)
	at := strings.TrimPrefix(w.Header().Get("Location"), prefix)
	if at != "/schedules/"+made.ID || len(made.Next) != 5 || !strings.Contains(made.Words, "06:00") || made.By != "run" {
		t.Errorf("made %+v at %s", made, at)
	}
	s.refused(t, 422, "PUT", at, body)
	body["revision"], body["name"] = made.Revision, "Every dawn"
	s.want(t, 200, "PUT", at, run, body, &got)
	if d := s.refused(t, 409, "PUT", at, body); !strings.Contains(d, "read it again") {
		t.Errorf("an older revision: %s", d)
	}
	s.want(t, 200, "POST", at+"/pause", run, nil, &got)
	if !got.Paused || len(got.Next) != 0 {
		t.Errorf("paused %+v", got)
	}
	s.want(t, 200, "POST", at+"/resume", run, nil, nil)
	s.want(t, 200, "GET", at, view, nil, &got)
	if got.Name != "Every dawn" || got.Paused {
		t.Errorf("schedule %+v", got)
	}
	s.want(t, 204, "DELETE", at, run, nil, nil)
	s.refused(t, 404, "GET", at, nil)
	s.refused(t, 404, "DELETE", at, nil)
	for _, wrong := range []some{
		{"name": "x", "task": some{"experiment": "paper"}}, {"name": "x", "task": some{"experiment": "paper"}, "cron": "61 * * * *"},
		{"name": "x", "task": some{"experiment": "paper"}, "cron": "TZ=UTC 0 3 * * *"}, {"name": "x", "task": some{"experiment": "paper"}, "at": "2020-01-01T00:00:00Z"},
		{"name": "x", "task": some{"experiment": "paper"}, "cron": "0 3 * * *", "zone": "../etc"}, {"name": "x", "task": some{}, "cron": "0 3 * * *"},
	} {
		s.refused(t, 422, "POST", "/schedules", wrong)
	}
	s.want(t, 200, "GET", "/schedules", view, nil, nil)
	s.want(t, 200, "GET", "/upcoming", view, nil, nil)
}

func TestATimetableIsExplained(t *testing.T) {
	s := serve(t, labtest.Full(t))
	var got struct {
		Words string
		Next  []time.Time
	}
	s.want(t, 200, "GET", "/timetable?cron="+escaped("0 3 * * *")+"&n=3", view, nil, &got)
	if len(got.Next) != 3 || !strings.Contains(got.Words, "Europe/Prague") {
		t.Errorf("explained as %+v", got)
	}
	s.refused(t, 422, "GET", "/timetable?cron=x", nil)
	s.refused(t, 422, "GET", "/timetable?cron=@daily&zone=Nowhere", nil)
}

func TestFirings(t *testing.T) {
	s := serve(t, labtest.Full(t))
	n, path := 0, "/firings?limit=2"
	for path != "" {
		var p store.FiringPage
		w := s.want(t, 200, "GET", path, view, nil, &p)
		n += len(p.Firings)
		link, _, _ := strings.Cut(w.Header().Get("Link"), ">")
		path = strings.TrimPrefix(strings.TrimPrefix(link, "<"), prefix)
	}
	if n != 6 {
		t.Errorf("%d firings", n)
	}
	s.want(t, 200, "GET", "/firings?outcome=missed&schedule=nightly", view, nil, nil)
	s.want(t, 200, "GET", "/firings/f-1", view, nil, nil)
	s.refused(t, 404, "GET", "/firings/none", nil)
}
