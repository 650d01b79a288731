package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDashboardAsksForWhatThereIs compares the dashboard with a server's metrics.
func TestDashboardAsksForWhatThereIs(t *testing.T) {
	s := openTestServer(t, filepath.Join(t.TempDir(), "config.yaml"), "aeotec")
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	d, err := s.listen(t.Context(), "127.0.0.1:0", true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.panel.Close()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1"
	w := httptest.NewRecorder()
	d.server.Handler.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("metrics: %d %s", w.Code, w.Body)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Error("the dashboard is not JSON")
	}
	// Counters with labels appear when they are first counted.
	later := []string{"hueprint_captured_drops_total", "hueprint_captured_packets_total", "hueprint_http_request_duration_seconds_bucket"}
	for _, name := range regexp.MustCompile(`hueprint_[a-z_]+`).FindAllString(string(text), -1) {
		if !strings.Contains(w.Body.String(), "\n"+name) && !slices.Contains(later, name) {
			t.Errorf("the dashboard asks for %s, and there is no such metric", name)
		}
	}
}
