//go:build !race

package api_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/panel/labtest"
)

// known are values that mean something in a full lab, so that random requests
// get past the first check now and then.
func (s *server) known(t testing.TB) map[string][]string {
	t.Helper()
	var p page
	s.want(t, 200, "GET", "/runs", view, nil, &p)
	if err := os.WriteFile(filepath.Join(s.dir(t, p.Runs[0].ID), "report.html"), []byte("<p>a report</p>"), 0o644); err != nil {
		t.Fatal(err)
	}
	k := map[string][]string{
		"gateway": {"aeotec", "echo"}, "name": {"aeotec", "sim0", "ada"}, "interface": {"sim0"}, "tag": {"keep"}, "file": {"trials.csv", "columns.md", "steps.parquet"},
		"experiment": {"ten-toggles", "paper"}, "gateways": {"nest"}, "cron": {"0 3 * * *", "@daily"}, "zone": {"Europe/Prague"}, "address": {"http://192.168.1.2"},
		"id": {"nightly", "weekend", "f-1", "t-1", "1"}, "revision": {"1"}, "macs": {"24:fd:5b:00:00:01"}, "addresses": {"192.168.1.20"}, "phones": {"::1"},
	}
	for _, r := range p.Runs {
		k["id"] = append(k["id"], r.ID, r.ID)
	}
	return k
}

// A maker draws requests from the document.
type maker struct {
	*rapid.T
	known map[string][]string
}

// one draws a value by its schema, or what the schema calls name.
func (m maker) one(name string, schema *openapi3.Schema) any {
	if words := m.known[name]; len(words) > 0 && schema.Type.Is("string") && rapid.Bool().Draw(m.T, "known") {
		return rapid.SampledFrom(words).Draw(m.T, name)
	}
	switch {
	case len(schema.Enum) > 0:
		return rapid.SampledFrom(schema.Enum).Draw(m.T, name)
	case len(schema.AllOf) > 0:
		return m.one(name, schema.AllOf[0].Value)
	case schema.Type.Is("boolean"):
		return rapid.Bool().Draw(m.T, name)
	case schema.Type.Is("integer"):
		low, high := bounds(schema, -1<<50, 1<<50)
		return rapid.Int64Range(int64(low), int64(high)).Draw(m.T, name)
	case schema.Type.Is("number"):
		low, high := bounds(schema, -1e9, 1e9)
		return rapid.Float64Range(low, high*0.999).Draw(m.T, name)
	case schema.Type.Is("array"):
		all := []any{}
		for range rapid.IntRange(0, 3).Draw(m.T, name) {
			all = append(all, m.one(name, schema.Items.Value))
		}
		return all
	case schema.Type.Is("object"):
		return m.object(schema)
	}
	return m.text(name, schema)
}

// bounds are those of a number. Integers beyond 2^53 are no integers in JSON.
func bounds(schema *openapi3.Schema, low, high float64) (float64, float64) {
	if schema.Min != nil {
		low = *schema.Min
	}
	if schema.Max != nil {
		high = min(*schema.Max, max(high, low))
	}
	return low, high
}

func (m maker) text(name string, schema *openapi3.Schema) string {
	switch {
	case schema.Format == "date-time":
		return rapid.SampledFrom([]string{"2026-12-24T18:00:00Z", "2030-01-01T00:00:00+02:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"}).Draw(m.T, name)
	case schema.Pattern != "":
		return rapid.StringMatching(strings.TrimSuffix(schema.Pattern, "+$")).Draw(m.T, name)
	}
	most := 40
	if schema.MaxLength != nil {
		most = min(most, int(*schema.MaxLength))
	}
	return rapid.StringN(int(schema.MinLength), max(most, int(schema.MinLength)), -1).Draw(m.T, name)
}

func (m maker) object(schema *openapi3.Schema) map[string]any {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		if slices.Contains(schema.Required, name) || rapid.Bool().Draw(m.T, "has "+name) {
			object[name] = m.one(name, property.Value)
		}
	}
	return object
}

// path fills in the operation's path and query.
func (m maker) path(op operation) string {
	path, query := op.path, url.Values{}
	for _, p := range op.parameters() {
		switch value := fmt.Sprint(m.one(p.Name, p.Schema.Value)); {
		case p.In == "path":
			value = strings.Map(func(r rune) rune { // other routes begin there
				if r == '/' || r == '.' {
					return '_'
				}
				return r
			}, value)
			if value == "" {
				value = "x"
			}
			path = strings.Replace(path, "{"+p.Name+"}", escaped(value), 1)
		case p.Required || rapid.Bool().Draw(m.T, "has "+p.Name):
			query.Set(p.Name, value)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

func (m maker) body(op operation) []byte {
	if op.RequestBody == nil {
		return nil
	}
	text, err := json.Marshal(m.one("", op.RequestBody.Value.Content["application/json"].Schema.Value))
	if err != nil {
		m.Fatal(err)
	}
	return text
}

// sound demands an answer that blames nobody's server, and is as the document
// says.
func (s *server) sound(t *rapid.T, r *http.Request, body []byte, valid bool) (status int) {
	w := s.send(t, r)
	if w.Code >= http.StatusInternalServerError {
		t.Fatalf("%s %s with %s: %d %s", r.Method, r.URL, body, w.Code, w.Body)
	}
	if w.Code >= http.StatusBadRequest && w.Code != http.StatusNotFound && w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s %s with %s: %d of type %s", r.Method, r.URL, body, w.Code, w.Header().Get("Content-Type"))
	}
	if !valid {
		return w.Code
	}
	if err := s.holds(r, body, w); err != nil {
		t.Fatalf("%s %s with %s: %v", r.Method, r.URL, body, err)
	}
	return w.Code
}

func TestRandomRequestsFromTheDocumentNoRace(t *testing.T) {
	s := serve(t, labtest.Full(t))
	known, ops := s.known(t), s.operations()
	slices.SortStableFunc(ops, func(a, b operation) int { return cmp.Compare(late(a), late(b)) })
	for _, op := range ops {
		t.Run(op.String(), func(t *testing.T) {
			answers := map[int]int{}
			rapid.Check(t, func(r *rapid.T) {
				if slow(op) && rapid.IntRange(0, 9).Draw(r, "turn") > 0 {
					return
				}
				m := maker{r, known}
				body := m.body(op)
				answers[s.sound(r, s.request(t, op.method, m.path(op), admin, reader(body)), body, true)]++
			})
			t.Log(answers)
		})
	}
}

// late puts off what takes things away from others.
func late(op operation) int {
	return slices.Index([]string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}, op.method)
}

// slow tells of operations that take their time on purpose, or read a recording.
func slow(op operation) bool {
	return strings.Contains(op.path, "/accounts") || strings.Contains(op.path, "/tables") || strings.Contains(op.path, "/events") ||
		strings.Contains(op.path, "/analyses") || strings.Contains(op.path, "/annotated")
}

func reader(body []byte) io.Reader {
	if body == nil {
		return nil
	}
	return bytes.NewReader(body)
}

func TestMalformedRequestsNoRace(t *testing.T) {
	s := serve(t, labtest.Full(t))
	known, ops := s.known(t), s.operations()
	rapid.Check(t, func(r *rapid.T) {
		m, op := maker{r, known}, rapid.SampledFrom(ops).Draw(r, "operation")
		body := broken(r, m.body(op))
		request := s.request(t, op.method, m.path(op), admin, bytes.NewReader(body))
		request.URL.RawQuery = rapid.SampledFrom([]string{request.URL.RawQuery, "%zz", "limit=x&n=-1&from=never&after=%00&sort=;", "format=exe&cron=%ff&outcome=x&attention=maybe"}).Draw(r, "query")
		if rapid.IntRange(0, 9).Draw(r, "kind") == 0 {
			request.Header.Set("Content-Type", rapid.SampledFrom([]string{"", "text/plain", "application/json; charset=utf-8", ";;;", "multipart/form-data"}).Draw(r, "type"))
		}
		s.sound(r, request, body, false)
	})
}

// broken makes of a body one that is not as the document says, or no JSON.
func broken(t *rapid.T, body []byte) []byte {
	switch rapid.IntRange(0, 5).Draw(t, "how") {
	case 0:
		return rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes")
	case 1:
		return body[:rapid.IntRange(0, len(body)).Draw(t, "cut")]
	case 2:
		return bytes.Replace(body, []byte(`"`), []byte(`\u0000"`), 1)
	case 3:
		return bytes.ReplaceAll(body, []byte(`:`), []byte(rapid.SampledFrom([]string{":null,\"x\":", ":[[[[", ":{\"a\":", ":1e999", ":-1,\"y\":"}).Draw(t, "value")))
	case 4:
		return []byte(strings.Repeat(rapid.SampledFrom([]string{"[", `{"a":`, "9", " "}).Draw(t, "repeated"), 20000))
	}
	return append(body, body...)
}

// FuzzBody sends any bytes to every route that reads a body.
func FuzzBody(f *testing.F) {
	s := serve(f, labtest.Full(f))
	var ops []operation
	for _, op := range s.operations() {
		if op.RequestBody != nil && !strings.Contains(op.path, "password") && !strings.Contains(op.path, "accounts") { // these take their time on purpose
			ops = append(ops, op)
		}
	}
	for i := range ops {
		f.Add(i, []byte(`{"name":"x","text":"x","task":{"experiment":"paper"},"cron":"0 3 * * *","tag":["x"],"revision":1}`))
	}
	f.Add(0, []byte("{}"))
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		op := ops[max(i, -(i+1))%len(ops)]
		path := strings.NewReplacer("{id}", "nightly", "{name}", "sim0").Replace(op.path)
		w := s.send(t, s.request(t, op.method, path, admin, bytes.NewReader(body)))
		if w.Code >= 500 {
			t.Errorf("%s with %q: %d %s", op, body, w.Code, w.Body)
		}
	})
}
