package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/panel/labtest"
)

func TestEveryRouteHasAnEntryInTheDocumentAndTheOtherWayRound(t *testing.T) {
	s := serve(t, labtest.Empty(t))
	routes := map[string]string{}
	for _, r := range s.routes {
		routes[r.Method+" "+bracketed(r.Path)] = string(r.Scope)
	}
	for _, op := range s.operations() {
		scope, ok := routes[op.String()]
		if !ok {
			t.Errorf("%s is in the document, and no route answers", op)
		}
		if want, _ := op.Extensions["x-scope"].(string); want != scope {
			t.Errorf("%s needs the scope %q, and the document says %q", op, scope, want)
		}
		delete(routes, op.String())
	}
	for route := range routes {
		t.Errorf("%s is not in the document", route)
	}
}

// bracketed is a pattern of gin's as OpenAPI writes it.
func bracketed(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func TestTheDocumentIsSound(t *testing.T) {
	s := serve(t, labtest.Empty(t))
	if err := s.document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	ids := map[string]bool{}
	for _, op := range s.operations() {
		if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s has no ID of its own, no summary or no tag", op)
		}
		ids[op.OperationID] = true
		if op.Responses.Default() == nil {
			t.Errorf("%s does not say how it fails", op)
		}
	}
	if r := s.ask(t, http.MethodGet, "/openapi.json", nobody, nil); r.Code != http.StatusOK {
		t.Errorf("the document is not open to all: %d", r.Code)
	}
}

// The routes of the document are asked by somebody with each lesser scope.
func TestEachRouteIsClosedToWhoMayNot(t *testing.T) {
	s := serve(t, labtest.Empty(t))
	order := []string{nobody, view, run, admin}
	for _, op := range s.operations() {
		scope, _ := op.Extensions["x-scope"].(string)
		for _, lesser := range order[:slices.Index(order, scope)] {
			want := http.StatusForbidden
			if lesser == nobody {
				want = http.StatusUnauthorized
			}
			if r := s.send(t, s.request(t, op.method, strings.NewReplacer("{", "", "}", "").Replace(op.path), lesser, strings.NewReader("{}"))); r.Code != want {
				t.Errorf("%s by somebody with %q: %d, want %d", op, lesser, r.Code, want)
			}
		}
	}
}
