package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/api"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

// Who asks.
const (
	nobody = ""
	view   = "view"
	run    = "run"
	admin  = "admin"
)

const prefix = "/api/v1"

// A server is the API of a made-up lab behind the real gate, and its document.
type server struct {
	*labtest.Lab
	engine   *gin.Engine
	routes   []access.Route
	secrets  map[string]string
	document *openapi3.T
}

func serve(t testing.TB, l *labtest.Lab) *server {
	t.Helper()
	people := access.NewPeople(l.Store, l.Now)
	routes := api.Routes(desk.Desk{Bench: l.Bench, Setup: l.Bench, Feed: l.Hub, Store: l.Store, People: people, Now: l.Now, Version: "test"})
	s := &server{Lab: l, routes: routes, secrets: map[string]string{}}
	var err error
	for _, scope := range []store.Scope{store.ViewScope, store.RunScope, store.AdminScope} {
		if s.secrets[string(scope)], _, err = people.Issue(t.Context(), "test", string(scope), scope, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	gin.SetMode(gin.ReleaseMode)
	s.engine = gin.New()
	gate := access.NewGate(access.Options{}, people, access.Views{}, slog.New(slog.DiscardHandler))
	s.engine.Use(gate.Door()...)
	for _, r := range routes {
		s.engine.Handle(r.Method, r.Path, gate.Guard(r), r.Handle)
	}
	r := s.send(t, s.request(t, http.MethodGet, prefix+"/openapi.json", nobody, nil))
	if s.document, err = openapi3.NewLoader().LoadFromData(r.Body.Bytes()); err != nil {
		t.Fatal(err)
	}
	return s
}

// An operation of the document; its path begins with the prefix.
type operation struct {
	*openapi3.Operation
	method, path string
	item         *openapi3.PathItem
}

func (o operation) String() string { return o.method + " " + o.path }

// parameters are those of the path and of the operation.
func (o operation) parameters() []*openapi3.Parameter {
	var all []*openapi3.Parameter
	for _, p := range slices.Concat(o.item.Parameters, o.Parameters) {
		all = append(all, p.Value)
	}
	return all
}

// operations are all of the document, in order.
func (s *server) operations() []operation {
	var all []operation
	for path, item := range s.document.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{op, method, prefix + path, item})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// match finds the operation of a request and its path's parameters. Fixed parts
// come before parameters.
func (s *server) match(method, path string) (found operation, params map[string]string, ok bool) {
	parts := strings.Split(path, "/")
	for _, op := range s.operations() {
		pattern := strings.Split(op.path, "/")
		if op.method != method || len(pattern) != len(parts) {
			continue
		}
		values := map[string]string{}
		fits := true
		for i, part := range pattern {
			if strings.HasPrefix(part, "{") {
				values[strings.Trim(part, "{}")] = parts[i]
			} else if part != parts[i] {
				fits = false
			}
		}
		if fits && (!ok || len(values) < len(params)) {
			found, params, ok = op, values, true
		}
	}
	return found, params, ok
}

func (s *server) request(t testing.TB, method, path, who string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:4711"
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != nobody {
		r.Header.Set("Authorization", "Bearer "+s.secrets[who])
	}
	return r
}

// A teller is a test, of rapid or not.
type teller interface {
	Errorf(format string, args ...any)
}

// send lets the engine answer. A stream ends after a moment.
func (s *server) send(t teller, r *http.Request) *httptest.ResponseRecorder {
	if r.URL.Path == prefix+"/events" {
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Millisecond)
		defer cancel()
		r = r.WithContext(ctx)
	}
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	if bytes.Contains(w.Body.Bytes(), []byte(s.Runs)) && w.Header().Get("Content-Type") != "application/zip" {
		t.Errorf("%s %s tells where the runs lie: %.300s", r.Method, r.URL.Path, w.Body)
	}
	return w
}

// ask sends a request that the document allows, and holds it and its answer
// against the document.
func (s *server) ask(t testing.TB, method, path, who string, body any) *httptest.ResponseRecorder {
	t.Helper()
	var text []byte
	var reader io.Reader
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r := s.request(t, method, prefix+path, who, reader)
	w := s.send(t, r)
	if err := s.holds(r, text, w); err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return w
}

// holds compares a request and its answer with the document.
func (s *server) holds(r *http.Request, body []byte, w *httptest.ResponseRecorder) error {
	op, params, ok := s.match(r.Method, r.URL.Path)
	if !ok {
		return fmt.Errorf("is not in the document")
	}
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(body))
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params,
		Route:   &routers.Route{Spec: s.document, Path: op.path, PathItem: op.item, Method: op.method, Operation: op.Operation},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	return s.answers(op, input, w)
}

// answers compares an answer with the document. What is no JSON must only be of
// a type that the document names.
func (s *server) answers(op operation, input *openapi3filter.RequestValidationInput, w *httptest.ResponseRecorder) error {
	kind, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	if kind != "application/json" && kind != "application/problem+json" {
		options.ExcludeResponseBody = true
		answer := op.Responses.Status(w.Code)
		if answer == nil || kind != "" && answer.Value.Content[kind] == nil {
			return fmt.Errorf("answer %d of type %q is not in the document", w.Code, kind)
		}
	}
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{RequestValidationInput: input,
		Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())), Options: options})
	if err != nil {
		return fmt.Errorf("answer %d: %w", w.Code, err)
	}
	return nil
}

// want is ask that demands a status and reads the answer into value, if there is
// one to read.
func (s *server) want(t testing.TB, status int, method, path, who string, body, value any) *httptest.ResponseRecorder {
	t.Helper()
	w := s.ask(t, method, path, who, body)
	if w.Code != status {
		t.Fatalf("%s %s: %d, want %d: %.500s", method, path, w.Code, status, w.Body)
	}
	if value != nil {
		if err := json.Unmarshal(w.Body.Bytes(), value); err != nil {
			t.Fatalf("%s %s: %v in %.500s", method, path, err, w.Body)
		}
	}
	return w
}

// refused is want of a problem; it returns the detail.
func (s *server) refused(t testing.TB, status int, method, path string, body any) string {
	t.Helper()
	var p struct {
		Title, Detail string
		Status        int
	}
	w := s.want(t, status, method, path, admin, body, &p)
	if w.Header().Get("Content-Type") != "application/problem+json" || p.Status != status || p.Title == "" || p.Detail == "" {
		t.Errorf("%s %s: no problem: %s %s", method, path, w.Header().Get("Content-Type"), w.Body)
	}
	return p.Detail
}

// escaped is a part of a path.
func escaped(part string) string { return url.PathEscape(part) }
