package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "rewrite generated files")

func example(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestExampleLoads(t *testing.T) {
	c, err := Load(filepath.Join("..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	e, ok := c.Experiment("toggles")
	if !ok || e.Actions != 10 || e.Controls != 20 || e.Spacing != 30*time.Second {
		t.Errorf("experiment toggles is %+v, %v", e, ok)
	}
	g, ok := c.Gateway("aeotec")
	if !ok || len(g.Addresses.MACs) != 1 || len(g.Peers.Phones) != 1 || !g.LinkStated {
		t.Errorf("gateway aeotec is %+v, %v", g, ok)
	}
	if !filepath.IsAbs(c.Runs) || !filepath.IsAbs(c.Bridge.KeyFile) {
		t.Errorf("paths are not made absolute: %q, %q", c.Runs, c.Bridge.KeyFile)
	}
}

func TestExampleNamesEveryField(t *testing.T) {
	text := string(example(t))
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[Config]().PkgPath() {
			return
		}
		for i := range typ.NumField() {
			if key := keyOf(typ.Field(i)); key != "" {
				if !strings.Contains(text, key+":") {
					t.Errorf("config.example.yaml does not name %s of %s", key, typ.Name())
				}
				walk(typ.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

func TestTenMistakesAreAllReportedWithTheirPlace(t *testing.T) {
	const file = `lab: Bench
runns: here
bridge:
  address: 192.168.1.2
light: "1"
light: "2"
gateways:
  - name: "a b"
    interface: eth0
    macs: [12:34]
  - name: echo
    addresses: [300.1.2.3]
experiments:
  - name: fast
    spacing: 1s
    jitter: fast
    gateways: [nobody]
    actions: ten
    alpha: 2
`
	_, err := Parse([]byte(file), "lab.yaml", "/")
	var ms Mistakes
	if !errors.As(err, &ms) {
		t.Fatalf("error is %v, want Mistakes", err)
	}
	for _, want := range []string{
		`lab.yaml:2:1: unknown key "runns": did you mean "runs"?`,
		`lab.yaml:4:12: bridge.address "192.168.1.2" is not an address`,
		`lab.yaml:6:1: key "light" stands here again; it was given on line 5`,
		`lab.yaml:8:11: gateways[0].name "a b" must be`,
		`lab.yaml:10:12: gateways[0].macs[0]: "12:34" is not a MAC address`,
		`gateways[1].interface is missing`,
		`lab.yaml:12:17: gateways[1].addresses[0]: ParseAddr("300.1.2.3")`,
		`lab.yaml:16:13: experiments[0].jitter: "fast" is not a duration`,
		`lab.yaml:17:16: no gateway is named "nobody"`,
		`lab.yaml:18:14: experiments[0].actions: "ten" is not a whole number`,
		`lab.yaml:19:12: alpha 2 must lie between 0 and 1`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestBrokenFiles(t *testing.T) {
	for name, tt := range map[string]struct{ file, want string }{
		"Empty":         {"", "the file is empty"},
		"OnlyComments":  {"# nothing\n", "the file is empty"},
		"Scalar":        {"hello", "must be a block of keys"},
		"Syntax":        {"lab: [1, 2\nbridge:", "lab.yaml:"},
		"ListForBlock":  {"bridge: [1]\n", "bridge must be a block of keys"},
		"BlockForList":  {"gateways: {a: 1}\n", "gateways must be a list"},
		"SecondFile":    {"lab: a\n---\nlab: b\n", "a second document"},
		"BlockForValue": {"light: {a: 1}\n", "light must be a single value"},
		"KeyInAddress":  {"bridge: {address: 'http://user:pw@h/api'}\n", "keys and paths do not belong"},
		"UnknownPreset": {"experiments: [{name: a, preset: fast}]\n", `preset "fast" is unknown`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(tt.file), "lab.yaml", "/")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestNoFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"))
	if err == nil || !strings.Contains(err.Error(), "hueprint init") {
		t.Errorf("error is %v, want a hint at hueprint init", err)
	}
}

func TestSchemaIsUpToDateAndAcceptsTheExample(t *testing.T) {
	got, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "config.schema.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("config.schema.json is not what the structs say; run: go test ./config -update")
	}
	compiler := jsonschema.NewCompiler()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource("config.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(example(t))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(asJSON, &value); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the schema refuses the example: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("lab: a\ngateways: [{name: b, macs: [00:11:22:33:44:55]}]\n"))
	f.Add([]byte("a: &x [*x]\n"))
	f.Add([]byte("? {a: b}\n: c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := Parse(data, "f.yaml", "/")
		var ms Mistakes
		if err != nil && !errors.As(err, &ms) {
			t.Errorf("error %v is not Mistakes", err)
		}
	})
}

// decidedFile is a whole configuration with one experiment, of these lines.
func decidedFile(lines string) string {
	return `bridge: {address: "https://192.168.1.2"}
light: "1"
gateways:
  - {name: echo, interface: eth0, addresses: [192.168.1.20]}
experiments:
  - name: long
` + lines
}

func TestUntilDecided(t *testing.T) {
	for name, tt := range map[string]struct {
		lines string
		want  []int
	}{
		"Named":   {"    actions: 40\n    controls: 80\n    until: decided\n    looks: [40, 120]\n", []int{40, 120}},
		"Derived": {"    actions: 40\n    controls: 80\n    until: decided\n", []int{30, 60, 120}},
		"All":     {"    until: all\n", nil},
		"Default": {"    alpha: 0.05\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse([]byte(decidedFile(tt.lines)), "lab.yaml", "/")
			if err != nil {
				t.Fatal(err)
			}
			if e, _ := c.Experiment("long"); !reflect.DeepEqual(e.Looks, tt.want) {
				t.Errorf("looks %v, want %v", e.Looks, tt.want)
			}
		})
	}
}

func TestLookMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ lines, want string }{
		"Word":       {"    until: shown\n", `lab.yaml:7:12: until "shown" is neither all nor decided`},
		"Alone":      {"    looks: [10, 30]\n", "lab.yaml:7:12: looks are for runs that may end early: write until: decided"},
		"TooFew":     {"    until: decided\n", "lab.yaml:7:12: until: decided: 10 + 20 slots are too few"},
		"NotAll":     {"    until: decided\n    looks: [15, 20]\n", "lab.yaml:8:12: looks [15 20] must end with all slots: actions + controls is 30"},
		"Falling":    {"    until: decided\n    looks: [20, 15, 30]\n", "lab.yaml:8:12: looks [20 15 30] must increase"},
		"TooEarly":   {"    until: decided\n    looks: [3, 30]\n", "lab.yaml:8:12: looks [3 30]: look 1, after 3 slots (1 actions), has a least p of 0.333, above its level 0.005"},
		"NoNumber":   {"    until: decided\n    looks: [half, 30]\n", `lab.yaml:8:13: experiments[0].looks[0]: "half" is not a whole number`},
		"ShortPause": {"    until: decided\n    settle: 1s\n    looks: [15, 30]\n", "lab.yaml:8:13: settle 1s is too short for looks"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(decidedFile(tt.lines)), "lab.yaml", "/")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}
