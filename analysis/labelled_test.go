package analysis_test

import (
	"encoding/csv"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// plug reads one of the development captures; HUEPRINT_DATA says where.
func plug(t *testing.T, name string) analysis.Labelled {
	t.Helper()
	root := os.Getenv("HUEPRINT_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	dir := filepath.Join(root, "tplink-plug", name)
	capture, err := os.Open(filepath.Join(dir, "capture.pcap"))
	if err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatalf("needs the development captures: %v", err)
		}
		t.Skipf("needs the development captures (set HUEPRINT_DATA): %v", err)
	}
	t.Cleanup(func() { capture.Close() })
	addr, err := os.ReadFile(filepath.Join(dir, "gateway.txt"))
	if err != nil {
		t.Fatal(err)
	}
	l := analysis.Labelled{
		Name:    name,
		Gateway: traffic.Gateway{Name: "plug", Addrs: []netip.Addr{netip.MustParseAddr(strings.TrimSpace(string(addr)))}},
		Packets: decode.Packets(pcapng.Frames(capture), new(decode.Stats)),
	}
	actions, err := os.Open(filepath.Join(dir, "actions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer actions.Close()
	rows, err := csv.NewReader(actions).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		seconds, err := strconv.ParseFloat(row[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		l.Actions = append(l.Actions, analysis.LabelledAction{Time: time.UnixMicro(int64(seconds * 1e6)), Action: row[1]})
	}
	return l
}

var plugs = []string{"no-firewall", "base-firewall", "my-firewall"}

// The on/off notification leaves the plug as one TLS record of 518 or 519 bytes.
func mainStep(t *testing.T, v analysis.Verdict) {
	t.Helper()
	for _, s := range v.Pattern.Steps {
		t.Logf("%s %s %s %d–%d frame %d–%d delay %.0f ms, seen %d of %d, p %.2g, F1 %.2f %v", s.Name, s.Direction, s.Kind, s.LengthMin, s.LengthMax, s.FrameMin, s.FrameMax, s.DelayMS, s.Seen, s.Of, s.P, s.F1, s.Actions)
	}
	mains := slices.DeleteFunc(slices.Clone(v.Pattern.Steps), func(s analysis.Step) bool { return !s.Main })
	if len(mains) != 1 || mains[0].Direction != traffic.Out || mains[0].Kind != events.TLSRecord || mains[0].LengthMin != 518 || mains[0].LengthMax != 519 {
		t.Errorf("main steps %+v, want the outgoing record of 518 to 519 bytes", mains)
	}
	if all := strings.Join(v.Reasons, " "); !strings.Contains(all, "The main step (a TLS record of 518 to 519 bytes sent to "+mains[0].Name+") was seen in ") {
		t.Errorf("the reasons do not name it: %s", all)
	}
}

func TestEachPlugAlone(t *testing.T) {
	for _, name := range plugs {
		t.Run(name, func(t *testing.T) {
			f, _, err := analysis.AnalyzeLabelled([]analysis.Labelled{plug(t, name)}, analysis.LabelledOptions{Alpha: 0.05})
			if err != nil {
				t.Fatal(err)
			}
			v := f.Verdicts[0]
			if v.Verdict != analysis.CloudVisible {
				t.Errorf("verdict %s: %v", v.Verdict, v.Reasons)
			}
			t.Logf("p %v %v %v", *v.P, f.Design, f.Warnings)
			mainStep(t, v)
		})
	}
}

func TestPlugsTogether(t *testing.T) {
	var all []analysis.Labelled
	for _, name := range plugs {
		all = append(all, plug(t, name))
	}
	f, _, err := analysis.AnalyzeLabelled(all, analysis.LabelledOptions{Alpha: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	v := f.Verdicts[0]
	if v.Verdict != analysis.CloudVisible || *v.P > 0.01 {
		t.Errorf("verdict %s, p %v: %v", v.Verdict, *v.P, v.Reasons)
	}
	t.Logf("p %v %v %v", *v.P, f.Design, f.Warnings)
	mainStep(t, v)
}
