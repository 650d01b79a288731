package config

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
)

func mac(t rapid.TB, s string) traffic.MAC {
	t.Helper()
	m, err := traffic.ParseMAC(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEditsOfTheExample(t *testing.T) {
	text := example(t)
	g := Gateway{Name: "echo", Kind: "echo", Interface: "eth2", MACs: []traffic.MAC{mac(t, "68:54:fd:00:00:01")}, Addresses: []netip.Addr{netip.MustParseAddr("fd00::1")}}
	spacing := 20 * time.Second
	steps := []func([]byte) ([]byte, error){
		func(b []byte) ([]byte, error) { return SetBridge(b, "https://192.168.7.7:8443") },
		func(b []byte) ([]byte, error) { return SetLight(b, "12") },
		func(b []byte) ([]byte, error) { return PutGateway(b, g) },
		func(b []byte) ([]byte, error) {
			return PutExperiment(b, Experiment{Name: "quick", Preset: "demo", Spacing: &spacing, Gateways: []string{"echo", "aeotec"}})
		},
		func(b []byte) ([]byte, error) {
			h := g
			h.Firmware, h.MACs = "1: #2 \"x\"", nil
			return PutGateway(b, h)
		},
		func(b []byte) ([]byte, error) { return RemoveGateway(b, "echo") },
		func(b []byte) ([]byte, error) { return RemoveExperiment(b, "quick") },
	}
	for i, step := range steps {
		after, err := step(text)
		if err != nil {
			t.Fatalf("step %d: %v\n%s", i, err, text)
		}
		demandComments(t, text, after)
		text = after
	}
	c, ms := Draft(text, "x", "/")
	if len(ms) > 0 || c.Light != "12" || c.Bridge.Address != "https://192.168.7.7:8443" || len(c.Gateways) != 1 {
		t.Errorf("the edited example says %+v, %v", c, ms)
	}
	if got, want := bytes.Count(text, []byte("\n")), bytes.Count(example(t), []byte("\n")); got != want {
		t.Errorf("after adding and removing, there are %d lines instead of %d", got, want)
	}
}

// comments lists the comments of a text that take a line of their own.
func comments(text []byte) []string {
	var all []string
	for line := range strings.Lines(string(text)) {
		if s := strings.TrimSpace(line); strings.HasPrefix(s, "#") {
			all = append(all, s)
		}
	}
	return all
}

func demandComments(t rapid.TB, before, after []byte) {
	t.Helper()
	if b, a := comments(before), comments(after); !slices.Equal(a, b) {
		t.Errorf("comments changed from\n%q\nto\n%q", b, a)
	}
}

func TestEditsOfOddFiles(t *testing.T) {
	for name, tt := range map[string]struct{ before, after string }{
		"CommentBesideTheValue": {"light: \"1\"  # the desk\nruns: r\n", "light: \"7\" # the desk\nruns: r\n"},
		"HashInTheValue":        {"light: \"a # b\" # c\n", "light: \"7\" # c\n"},
		"NoValue":               {"light:\nruns: r\n", "light: \"7\"\nruns: r\n"},
		"NoSuchKey":             {"runs: r\n# end\n", "runs: r\nlight: \"7\"\n# end\n"},
		"NoLineEnd":             {"runs: r", "runs: r\nlight: \"7\"\n"},
		"OnlyComments":          {"# none\n", "# none\nlight: \"7\"\n"},
		"CarriageReturns":       {"light: a\r\nruns: r\r\n", "light: \"7\"\r\nruns: r\r\n"},
		"LongValue":             {"light: >\n  a\n  b\n# c\nruns: r\n", "light: \"7\"\n# c\nruns: r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := SetLight([]byte(tt.before), "7")
			if err != nil || string(after) != tt.after {
				t.Errorf("got %q, %v, want %q", after, err, tt.after)
			}
		})
	}
}

func TestListsInAnyStyle(t *testing.T) {
	g := Gateway{Name: "b", Interface: "eth1", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}
	const item = "- name: b\n  interface: eth1\n  addresses: [10.0.0.1]\n"
	indented := "  " + strings.ReplaceAll(strings.TrimSuffix(item, "\n"), "\n", "\n  ") + "\n"
	for name, tt := range map[string]struct{ before, after string }{
		"None":           {"lab: x\n", "lab: x\ngateways:\n" + indented},
		"Empty":          {"gateways: []\nlab: x\n", "gateways:\n" + indented + "lab: x\n"},
		"Null":           {"gateways:\n# here\nlab: x\n", "gateways:\n" + indented + "# here\nlab: x\n"},
		"NotIndented":    {"gateways:\n- name: a\n# c\nlab: x\n", "gateways:\n- name: a\n" + item + "# c\nlab: x\n"},
		"Flow":           {"gateways: [{name: a, linked: true}]\nlab: x\n", "gateways:\n  - name: a\n    linked: true\n" + indented + "lab: x\n"},
		"FlowItem":       {"gateways:\n- {name: b, linked: true}\n- {name: c}\n", "gateways:\n" + item + "- {name: c}\n"},
		"DashAlone":      {"gateways:\n-\n  # first\n  name: b\n  interface: lo\n", "gateways:\n-\n  # first\n  name: b\n  interface: eth1\n  addresses: [10.0.0.1]\n"},
		"KeyBesideDash":  {"gateways:\n- kind: x\n  name: b\n", "gateways:\n-\n  name: b\n  interface: eth1\n  addresses: [10.0.0.1]\n"},
		"ListUnderItem":  {"gateways:\n- name: b\n  interface: eth1\n  addresses:\n  - 10.0.0.1\n  - 10.0.0.2\n  # end\n", "gateways:\n- name: b\n  interface: eth1\n  addresses: [10.0.0.1]\n  # end\n"},
		"NothingChanges": {"gateways:\n- name: 'b' # x\n  interface: 'eth1'\n  addresses:\n  - '10.0.0.1'\n", "gateways:\n- name: 'b' # x\n  interface: 'eth1'\n  addresses:\n  - '10.0.0.1'\n"},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := PutGateway([]byte(tt.before), g)
			if err != nil || string(after) != tt.after {
				t.Errorf("got %v\n%s\nwant\n%s", err, after, tt.after)
			}
		})
	}
}

func TestEditsThatCannotBe(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		want error
	}{
		"Unparsable": {"lab: [1\n", nil}, "Scalar": {"hello", ErrStyle}, "Flow": {"{lab: x}\n", ErrStyle}, "Two": {"lab: x\n---\nlab: y\n", ErrStyle},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := SetLight([]byte(tt.file), "7"); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error is %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := RemoveGateway([]byte("lab: x\n"), "a"); !errors.Is(err, ErrNoEntry) {
		t.Errorf("removing what is not there: %v", err)
	}
	const needed = "gateways:\n- name: a\nexperiments:\n- {name: e, gateways: [a]}\n"
	if _, err := RemoveGateway([]byte(needed), "a"); err == nil || !strings.Contains(err.Error(), "experiment e") {
		t.Errorf("removing what an experiment needs: %v", err)
	}
}

// TestEditsKeepTheRest draws files with comments everywhere, and edits.
func TestEditsKeepTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawFile(t)
		name := rapid.SampledFrom([]string{"a", "b", "new"}).Draw(t, "gateway")
		g := Gateway{Name: name, Kind: rapid.String().Draw(t, "kind"), Interface: rapid.StringMatching(`[a-z#: '"]{0,8}`).Draw(t, "interface"), Linked: rapid.Bool().Draw(t, "linked")}
		after, err := PutGateway([]byte(text), g)
		if err != nil {
			if strings.ContainsAny(g.Kind, "\x00\u0085\u2028\u2029\ufeff\ufffd") || !isPrintable(g.Kind) {
				t.Skip("a text that YAML cannot hold")
			}
			t.Fatalf("%v\n%s", err, text)
		}
		got, _ := read(after, "")
		i := slices.IndexFunc(got.Gateways, func(o Gateway) bool { return o.Name == name })
		if i < 0 || !reflect.DeepEqual(got.Gateways[i], g) {
			t.Fatalf("gateway is %+v, want %+v", got.Gateways, g)
		}
		demandComments(t, []byte(text), after)
		again, err := PutGateway(after, g)
		if err != nil || !bytes.Equal(again, after) {
			t.Fatalf("the same edit again changes\n%s\nto\n%s (%v)", after, again, err)
		}
		if name == "new" {
			back, err := RemoveGateway(after, name)
			if err != nil || string(back) != text && strings.Contains(text, "- name") {
				t.Fatalf("adding and removing changes\n%s\nto\n%s (%v)", text, back, err)
			}
		}
	})
}

func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0xd800 && r < 0xe000 })
}

// drawFile writes blocks in random order, with comments between all lines.
func drawFile(t *rapid.T) string {
	blocks := rapid.Permutation([][]string{
		{"lab: x"}, {"bridge:", "  address: http://1.2.3.4"}, {"light: '1' # beside"}, {"serve:", "  quiet:", "  - 22:00-06:00"},
		rapid.SampledFrom([][]string{{}, {"gateways:"}, {"gateways: []"},
			{"gateways:", "  - name: a", "    kind: x"},
			{"gateways:", "- kind: x", "  name: a", "- name: b", "  interface:", "    eth0"},
			{"gateways:", "  - name: a", "  -", "    name: b", "    macs: [", "      '00:11:22:33:44:55' ]"}}).Draw(t, "gateways"),
	}).Draw(t, "order")
	var b strings.Builder
	for _, block := range blocks {
		for _, line := range block {
			if rapid.IntRange(0, 2).Draw(t, "comment") == 0 && strings.ContainsAny(line, ":-") && !strings.HasPrefix(strings.TrimSpace(line), "'") {
				indent := len(line) - len(strings.TrimLeft(line, " -"))
				b.WriteString(strings.Repeat(" ", indent) + "# remark\n")
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "link.yaml")
	if err := Save(path, []byte("a"), ""); err != nil {
		t.Fatal(err)
	}
	if err := Save(path, []byte("b"), ""); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that is there is not a new one: %v", err)
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Symlink("config.yaml", link)); err != nil {
		t.Fatal(err)
	}
	if err := Save(link, []byte("c"), Revision([]byte("b"))); !errors.Is(err, ErrChanged) {
		t.Errorf("a changed file is not replaced: %v", err)
	}
	if err := Save(link, []byte("c"), Revision([]byte("a"))); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	info, _ := os.Stat(path)
	if string(got) != "c" || info.Mode().Perm() != 0o600 {
		t.Errorf("the file holds %q with mode %v", got, info.Mode())
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("the folder holds %v", left)
	}
}

func FuzzEdit(f *testing.F) {
	for _, s := range []string{"light: a\n", "gateways:\n- name: b\n- {name: c}\n", "a: &x {b: c}\nbridge: *x\n", "bridge: {address: x}\n", "? a\n: b\n", "gateways: [{name: b},\n{name: c}]\r\nlight: |\n  x\n", "\tlight: a", "gateways:\n  - name: b\n    macs:\n# x\n\n    - 00:11:22:33:44:55\n"} {
		f.Add([]byte(s))
	}
	g := Gateway{Name: "b", Interface: "eth0"}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, before := read(text, "")
		for what, edit := range map[string]func() ([]byte, error){
			"light":   func() ([]byte, error) { return SetLight(text, "7") },
			"bridge":  func() ([]byte, error) { return SetBridge(text, "http://h") },
			"put":     func() ([]byte, error) { return PutGateway(text, g) },
			"remove":  func() ([]byte, error) { return RemoveGateway(text, "b") },
			"without": func() ([]byte, error) { return RemoveExperiment(text, "b") },
		} {
			after, err := edit()
			if err == nil && unreadable(before) {
				t.Errorf("%s edits what cannot be read: %q to %q", what, text, after)
			}
			if _, ms := read(after, ""); err == nil && unreadable(ms) {
				t.Errorf("%s makes %q unreadable: %q", what, text, after)
			}
		}
	})
}
