package api_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// page is a list of runs.
type page struct {
	Runs  []store.Run
	Next  string
	Total int
}

// first is the newest run that the filters choose.
func (s *server) first(t testing.TB, filters string) store.Run {
	t.Helper()
	var p page
	s.want(t, 200, "GET", "/runs?limit=1&"+filters, view, nil, &p)
	if len(p.Runs) == 0 {
		t.Fatalf("no run of %s", filters)
	}
	return p.Runs[0]
}

func TestPagesOfRuns(t *testing.T) {
	s := serve(t, labtest.Full(t))
	s.Fill(t, 20)
	var seen []string
	path := "/runs?limit=7&sort=gateway&order=asc"
	for path != "" {
		var p page
		w := s.want(t, 200, "GET", path, view, nil, &p)
		if p.Total != 26 {
			t.Fatalf("total %d", p.Total)
		}
		for _, r := range p.Runs {
			seen = append(seen, r.ID)
		}
		link, rel, _ := strings.Cut(w.Header().Get("Link"), ">; ")
		if (p.Next == "") != (link == "") || link != "" && rel != `rel="next"` {
			t.Fatalf("next %q, link %q", p.Next, w.Header().Get("Link"))
		}
		path = strings.TrimPrefix(strings.TrimPrefix(link, "<"), prefix)
	}
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 26 {
		t.Errorf("the pages have %d different runs", len(seen))
	}
	for filters, n := range map[string]int{"gateway=echo&limit=500": 0, "verdict=cloud-visible": 0, "attention=true": 0, "text=" + url.QueryEscape("%"): -1, "from=2026-11-18&to=2026-11-18": 0} {
		var p page
		s.want(t, 200, "GET", "/runs?"+filters, view, nil, &p)
		if (p.Total == 0) != (n < 0) {
			t.Errorf("%s: %d runs", filters, p.Total)
		}
	}
	if d := s.refused(t, 422, "GET", "/runs?after=garbage", nil); !strings.Contains(d, "begin again without it") {
		t.Errorf("a wrong cursor: %s", d)
	}
	var f map[string][]string
	s.want(t, 200, "GET", "/runs/facets", view, nil, &f)
	if !slices.Contains(f["gateways"], "echo") || !slices.Contains(f["tags"], "night") {
		t.Errorf("facets %v", f)
	}
}

func TestARunAndWhatItSays(t *testing.T) {
	s := serve(t, labtest.Full(t))
	r := s.first(t, "verdict=cloud-visible")
	of := "/runs/" + r.ID
	var got store.Run
	s.want(t, 200, "GET", of, view, nil, &got)
	if got.ID != r.ID || len(got.Verdicts) != 1 {
		t.Errorf("entry %+v", got)
	}
	var found analysis.Findings
	s.want(t, 200, "GET", of+"/findings", view, nil, &found)
	if len(found.Verdicts) != 1 || found.Exploratory {
		t.Errorf("findings %+v", found.Verdicts)
	}
	s.want(t, 200, "GET", of+"/facts", view, nil, nil)
	s.want(t, 200, "GET", of+"/output", view, nil, nil)
	if w := s.want(t, 200, "GET", of+"/report.md", view, nil, nil); !strings.Contains(w.Body.String(), "aeotec") {
		t.Errorf("Markdown: %.200s", w.Body)
	}
	s.refused(t, 404, "GET", of+"/report", nil)
	folder, err := runs.Open(s.dir(t, r.ID))
	if err == nil {
		err = folder.WriteReport(func(w io.Writer) error { _, err := io.WriteString(w, "<p>a report</p>"); return err })
	}
	if err != nil {
		t.Fatal(err)
	}
	if w := s.want(t, 200, "GET", of+"/report", view, nil, nil); !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "sandbox ") {
		t.Errorf("a report is not shut in: %s", w.Header().Get("Content-Security-Policy"))
	}
	var again analysis.Findings
	s.want(t, 200, "POST", of+"/analyses", run, map[string]any{"alpha": 0.5, "seed": 9}, &again)
	if !again.Exploratory || again.Verdicts[0].Alpha != 0.5 {
		t.Errorf("exploratory findings %+v", again.Verdicts[0])
	}
	s.refusedRaw(t, 422, "POST", of+"/analyses", `{"alpha": 1.5}`)
	s.refusedRaw(t, 422, "POST", of+"/analyses", `{"window_ns": -1}`)
}

// dir is where a run lies; the API never tells.
func (s *server) dir(t testing.TB, id string) string {
	t.Helper()
	r, err := s.Store.Run(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r.Dir
}

// refusedRaw sends what the document does not allow.
func (s *server) refusedRaw(t testing.TB, status int, method, path, body string) {
	t.Helper()
	r := s.request(t, method, prefix+path, admin, strings.NewReader(body))
	if w := s.send(t, r); w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s with %.80s: %d, want %d: %s", method, path, body, w.Code, status, w.Body)
	}
}

func TestExportsOfARun(t *testing.T) {
	s := serve(t, labtest.Full(t))
	of := "/runs/" + s.first(t, "verdict=cloud-visible").ID
	var list struct {
		Captures []struct {
			Gateway string
			Bytes   int64
		}
	}
	s.want(t, 200, "GET", of+"/captures", view, nil, &list)
	raw := s.want(t, 200, "GET", of+"/captures/aeotec", run, nil, nil)
	if int64(raw.Body.Len()) != list.Captures[0].Bytes || !strings.Contains(raw.Header().Get("Content-Disposition"), "-aeotec.pcapng") {
		t.Errorf("%d bytes of %+v", raw.Body.Len(), list)
	}
	frames := func(data []byte) (n int) {
		reader, err := pcapng.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := reader.Next(); errors.Is(err, io.EOF) {
				return n
			} else if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	marked := s.want(t, 200, "GET", of+"/annotated/aeotec", run, nil, nil)
	if a, b := frames(raw.Body.Bytes()), frames(marked.Body.Bytes()); a == 0 || b <= a {
		t.Errorf("%d frames, and %d with the actions", a, b)
	}
	s.refused(t, 404, "GET", of+"/captures/nobody", nil)
	s.refused(t, 404, "GET", of+"/annotated/"+escaped(".."), nil)

	var export struct {
		Tables []struct {
			Name  string
			Files []string
		}
		Files []string
	}
	s.want(t, 200, "GET", of+"/tables", view, nil, &export)
	names := slices.Clone(export.Files)
	for _, table := range export.Tables {
		names = append(names, table.Files...)
	}
	for _, name := range names[:5] {
		if w := s.want(t, 200, "GET", of+"/tables/"+name, view, nil, nil); w.Body.Len() == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	s.refused(t, 404, "GET", of+"/tables/run.json", nil)
	w := s.want(t, 200, "GET", of+"/tables.zip", view, nil, nil)
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil || len(z.File) != len(names) {
		t.Errorf("the zip has %d files of %d, %v", len(z.File), len(names), err)
	}
}

func TestRunsThatHaveNothingToShow(t *testing.T) {
	s := serve(t, labtest.Full(t))
	idle := "/runs/" + s.first(t, "text=nest&sort=time&order=asc").ID
	for _, path := range []string{"/findings", "/report.md", "/output", "/report"} {
		s.refused(t, 404, "GET", idle+path, nil)
	}
	for _, path := range []string{"/tables", "/tables.zip", "/tables/trials.csv", "/annotated/nest"} {
		if d := s.refused(t, 422, "GET", idle+path, nil); !strings.Contains(d, "idle recording") {
			t.Errorf("%s: %s", path, d)
		}
	}
	for _, path := range []string{"", "/facts", "/findings", "/report", "/captures", "/captures/echo", "/annotated/echo", "/tables", "/notes"} {
		s.refused(t, 404, "GET", "/runs/01NOSUCHRUN"+path, nil)
	}
	gone := s.first(t, "gateway=echo")
	if err := os.RemoveAll(s.dir(t, gone.ID)); err != nil {
		t.Fatal(err)
	}
	if d := s.refused(t, 404, "GET", "/runs/"+gone.ID+"/facts", nil); !strings.Contains(d, "is gone") {
		t.Errorf("a folder that is gone: %s", d)
	}
}

func TestNotesAndTags(t *testing.T) {
	s := serve(t, labtest.Full(t))
	of := "/runs/" + s.first(t, "gateway=echo").ID
	type notes struct {
		Notes []runs.Note
		Tags  []string
	}
	var got notes
	s.want(t, 201, "POST", of+"/notes", run, map[string]any{"text": "<script>alert(1)</script>", "tag": []string{"keep"}, "untag": []string{"night"}}, &got)
	if len(got.Notes) != 1 || got.Notes[0].By != "run" || !slices.Equal(got.Tags, []string{"keep"}) {
		t.Errorf("notes %+v", got)
	}
	s.want(t, 204, "PUT", of+"/tags/"+escaped("a b?c"), run, nil, nil)
	s.want(t, 204, "DELETE", of+"/tags/keep", run, nil, nil)
	s.want(t, 200, "GET", of+"/notes", view, nil, &got)
	if len(got.Notes) != 3 || !slices.Equal(got.Tags, []string{"a b?c"}) {
		t.Errorf("notes %+v", got)
	}
	if !slices.Contains(s.Asked(), "Refresh") {
		t.Error("the index was not told")
	}
	for _, body := range []string{`{}`, `{"text":""}`, `{"text":"a\u0000b"}`, `{"tag":["a,b"]}`, `{"tag":[""]}`, `{"untag":["\u202e"]}`, `{"text":1}`, `{"more":1}`, `[]`, `null`, `"x"`} {
		s.refusedRaw(t, 422, "POST", of+"/notes", body)
	}
	for _, body := range []string{``, `{`, `{}{}`, "{\"text\":\"\xff\"}"} {
		s.refusedRaw(t, 400, "POST", of+"/notes", body)
	}
	r := s.request(t, http.MethodPost, prefix+of+"/notes", admin, strings.NewReader("text=x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := s.send(t, r); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a form: %d", w.Code)
	}
	s.refusedRaw(t, 413, "POST", of+"/notes", `{"text":"`+strings.Repeat("x", 70<<10)+`"}`)
}

func TestNoRequestBecomesAPath(t *testing.T) {
	s := serve(t, labtest.Full(t))
	for _, id := range []string{"..", "../..", "../../etc/passwd", `..\..`, "%2e%2e", "/etc/passwd", ".", "a/b", "\x00", "run.json", strings.Repeat("a", 5000)} {
		for _, path := range []string{"", "/facts", "/findings", "/report", "/captures", "/captures/echo", "/notes"} {
			r := s.request(t, "GET", prefix+"/runs/x", admin, nil)
			r.URL.Path, r.URL.RawPath = prefix+"/runs/"+id+path, prefix+"/runs/"+escaped(id)+path
			if w := s.send(t, r); w.Code != http.StatusNotFound {
				t.Errorf("run %q%s: %d %.100s", id, path, w.Code, w.Body)
			}
		}
	}
}
