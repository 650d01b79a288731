package reports_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/traffic"
)

const schemaPath = "../docs/output.schema.json"

// schema is generated from the structs and their comments.
func schema(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{AllowAdditionalProperties: true, Anonymous: true, Mapper: words}
	for _, dir := range []string{".", "../analysis", "../traffic"} {
		if err := r.AddGoComments("github.com/hueprint/hueprint/reports", dir); err != nil {
			t.Fatal(err)
		}
	}
	s := r.Reflect(&reports.Output{})
	s.ID = jsonschema.ID("https://github.com/hueprint/hueprint/docs/output.schema.json")
	s.Title, s.Description = "hueprint output", "The one object that hueprint demo, run and analyze print with --json."
	output := s.Definitions["Output"]
	version, _ := output.Properties.Get("schema")
	version.Const = reports.OutputSchema
	for name, properties := range nullable {
		for _, property := range properties {
			p, _ := s.Definitions[name].Properties.Get(property)
			p.Type, p.AnyOf = "", []*jsonschema.Schema{{Type: "number"}, {Type: "null"}}
		}
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// nullable are the figures that are null where nothing was tested.
var nullable = map[string][]string{
	"Verdict": {"p"}, "ScopeVerdict": {"p"}, "SecondaryTest": {"p"}, "Series": {"p"}, "Look": {"p", "holm_p"},
}

// words lists the values of the types that have few.
func words(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[traffic.Direction]():
		return &jsonschema.Schema{Type: "string", Enum: []any{"in", "out", "none"}}
	case reflect.TypeFor[analysis.Conclusion]():
		return &jsonschema.Schema{Type: "string", Enum: []any{analysis.CloudVisible, analysis.LANVisible, analysis.NotDetected, analysis.Inconclusive}}
	case reflect.TypeFor[analysis.Link]():
		return &jsonschema.Schema{Type: "string", Enum: []any{analysis.LinkShown, analysis.LinkStated, analysis.LinkNotShown}}
	case reflect.TypeFor[traffic.Scope]():
		return &jsonschema.Schema{Type: "string", Enum: []any{traffic.Internet, traffic.Bridge, traffic.Phone, traffic.LAN}}
	case reflect.TypeFor[analysis.Method]():
		return &jsonschema.Schema{Type: "string", Enum: []any{analysis.Randomisation, analysis.CircularShift}}
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "integer", Description: "Nanoseconds."}
	}
	return nil
}

func TestSchemaIsCurrent(t *testing.T) {
	got := schema(t)
	if *update {
		if err := os.WriteFile(schemaPath, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("the structs have changed; go test ./reports -update writes the schema anew\n%s", d)
	}
}

func compiled(t *testing.T) *validator.Schema {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(schema(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("output.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("output.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOutputIsValid(t *testing.T) {
	s := compiled(t)
	for name, d := range documents() {
		v, err := validator.UnmarshalJSON(strings.NewReader(render(t, "json", d)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefusesWhatIsNotOutput(t *testing.T) {
	s := compiled(t)
	good := render(t, "json", documents()["verdicts"])
	for _, change := range [][2]string{
		{`"verdict": "cloud-visible"`, `"verdict": "visible"`}, {`"direction": "out"`, `"direction": 1`}, {`"p": 0.95`, `"p": "0.95"`},
		{`"schema": "hueprint/output/1"`, `"schema": "hueprint/output/2"`}, {`"seen": 10,`, ``}, {`"trials": []`, `"trials": null`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s does not occur", change[0])
		}
		v, err := validator.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("accepted with %s", change[1])
		}
	}
	if _, err := os.Stat(filepath.FromSlash(schemaPath)); err != nil {
		t.Error(err)
	}
}
