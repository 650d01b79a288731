package analysis_test

import (
	"errors"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// labelled is a capture of the wire with actions at random gaps of 40 to 80 s.
func labelled(w *wire, d time.Duration, rng *rand.Rand) analysis.Labelled {
	w.Stream(bridgeAddr, 53).Record(epoch, traffic.In, 30)
	w.Stream(bridgeAddr, 53).Record(epoch.Add(d), traffic.In, 30)
	l := analysis.Labelled{Name: "capture", Gateway: traffic.Gateway{Addrs: []netip.Addr{gatewayAddr}}}
	for at := 30 * time.Second; at < d-20*time.Second; at += time.Duration(40+rng.IntN(40)) * time.Second {
		l.Actions = append(l.Actions, analysis.LabelledAction{Time: epoch.Add(at), Action: []string{"on", "off"}[len(l.Actions)%2]})
	}
	return l
}

// reacting writes one record per action, up to u away from its label.
func reacting(u time.Duration, seed uint64, d time.Duration) analysis.Labelled {
	rng := rand.New(rand.NewPCG(seed, 0))
	w := &wire{}
	l := labelled(w, d, rng)
	noise := w.Stream(cloudAddr, 8443)
	for at := time.Duration(0); at < d; at += 7500 * time.Millisecond {
		noise.Record(epoch.Add(at), traffic.Out, 90)
	}
	s := w.Stream(cloudAddr, 443)
	for _, a := range l.Actions {
		s.Record(a.Time.Add(time.Duration(rng.Int64N(int64(2*u)))-u+200*time.Millisecond), traffic.Out, 250)
	}
	l.Packets = w.All()
	return l
}

func TestLabelledMarkIsFound(t *testing.T) {
	f, traces, err := analysis.AnalyzeLabelled([]analysis.Labelled{reacting(time.Second, 1, 20*time.Minute)}, analysis.LabelledOptions{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	v := f.Verdicts[0]
	if v.Verdict != analysis.CloudVisible || len(v.Pattern.Steps) != 1 || v.Pattern.Steps[0].LengthMin != 250 || v.Pattern.Steps[0].Seen != v.Pattern.Steps[0].Of {
		t.Fatalf("verdict %s, p %v, pattern %+v, %v", v.Verdict, *v.P, v.Pattern, v.Reasons)
	}
	if *v.P < f.Design.LeastP || f.Design.Method != analysis.CircularShift || !f.Design.Enumerated {
		t.Errorf("p %v, design %+v", *v.P, f.Design)
	}
	if len(traces) != 1 || !slices.ContainsFunc(traces[0].Points, func(p analysis.Point) bool { return p.Step == 0 && p.Slot == 3 }) {
		t.Errorf("no point of the fourth action's mark in the trace")
	}
}

func TestCaptureTooShort(t *testing.T) {
	f, _, err := analysis.AnalyzeLabelled([]analysis.Labelled{reacting(time.Second, 1, 2*time.Minute)}, analysis.LabelledOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v := f.Verdicts[0]; v.Verdict != analysis.Inconclusive || !strings.Contains(v.Reasons[0], "Capture too short") {
		t.Errorf("verdict %s: %v", v.Verdict, v.Reasons)
	}
}

// Several short captures, none of which can show anything alone, do together.
func TestShortCapturesTogether(t *testing.T) {
	var all []analysis.Labelled
	for seed := range uint64(4) {
		all = append(all, reacting(time.Second, seed, 4*time.Minute))
	}
	f, traces, err := analysis.AnalyzeLabelled(all, analysis.LabelledOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v := f.Verdicts[0]
	if v.Verdict != analysis.CloudVisible || len(traces) != 4 || f.Design.Enumerated {
		t.Errorf("verdict %s, p %v: %v", v.Verdict, *v.P, v.Reasons)
	}
}

// A schedule on a rhythm that the traffic shares fits every shift by that
// rhythm; nobody is to rest on one redraw alone.
func TestRhythm(t *testing.T) {
	d := 20 * time.Minute
	w := &wire{}
	l := labelled(w, d, rand.New(rand.NewPCG(1, 1)))
	l.Actions = nil
	s := w.Stream(cloudAddr, 443)
	for at := 30 * time.Second; at < d; at += time.Minute {
		s.Record(epoch.Add(at+time.Second), traffic.Out, 250)
		l.Actions = append(l.Actions, analysis.LabelledAction{Time: epoch.Add(at), Action: "on"})
	}
	l.Packets = w.All()
	f, _, err := analysis.AnalyzeLabelled([]analysis.Labelled{l}, analysis.LabelledOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v := f.Verdicts[0]
	if v.Verdict != analysis.NotDetected || !strings.Contains(strings.Join(f.Warnings, " "), "disagree") {
		t.Errorf("verdict %s, p %v, warnings %v", v.Verdict, *v.P, f.Warnings)
	}
}

func TestLabelledErrors(t *testing.T) {
	good := func() analysis.Labelled { return reacting(time.Second, 1, 10*time.Minute) }
	for _, c := range []struct {
		name  string
		spoil func(*analysis.Labelled)
		says  []string
	}{
		{"no packets", func(l *analysis.Labelled) { l.Packets = func(func(traffic.Packet, error) bool) {} }, []string{"no packets"}},
		{"unreadable", func(l *analysis.Labelled) {
			l.Packets = func(yield func(traffic.Packet, error) bool) { yield(traffic.Packet{}, errors.New("bad magic")) }
		}, []string{"bad magic"}},
		{"no gateway", func(l *analysis.Labelled) { l.Gateway.Addrs = []netip.Addr{netip.MustParseAddr("10.9.9.9")} },
			[]string{"10.9.9.9 never appears", gatewayAddr.String()}},
		{"no actions", func(l *analysis.Labelled) { l.Actions = nil }, []string{"empty"}},
		{"actions in another zone", func(l *analysis.Labelled) {
			for i := range l.Actions {
				l.Actions[i].Time = l.Actions[i].Time.Add(2 * time.Hour)
			}
		}, []string{"none of its", "2026-03-01 12:00:00Z", "shifted by -2 h"}},
		{"actions of another year", func(l *analysis.Labelled) {
			for i := range l.Actions {
				l.Actions[i].Time = l.Actions[i].Time.AddDate(1, 0, 0)
			}
		}, []string{"is this the right file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := good()
			c.spoil(&l)
			_, _, err := analysis.AnalyzeLabelled([]analysis.Labelled{l}, analysis.LabelledOptions{})
			if err == nil {
				t.Fatal("no error")
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("error %q does not say %q", err, s)
				}
			}
		})
	}
}

// A capture that ends in damage is analysed as far as it goes, and doubted.
func TestDamagedCapture(t *testing.T) {
	l := reacting(time.Second, 1, 20*time.Minute)
	whole := l.Packets
	l.Packets = func(yield func(traffic.Packet, error) bool) {
		for p, err := range iter.Seq2[traffic.Packet, error](whole) {
			if !yield(p, err) {
				return
			}
		}
		yield(traffic.Packet{}, errors.New("truncated"))
	}
	f, _, err := analysis.AnalyzeLabelled([]analysis.Labelled{l}, analysis.LabelledOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v := f.Verdicts[0]; v.Verdict != analysis.Inconclusive || !strings.Contains(v.Reasons[0], "truncated") {
		t.Errorf("verdict %s: %v", v.Verdict, v.Reasons)
	}
}
