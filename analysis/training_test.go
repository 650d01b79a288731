package analysis_test

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/traffic"
)

// repeatable keeps the packets of a capture, so that they can be read again.
func repeatable(t *testing.T, c analysis.Labelled) analysis.Labelled {
	t.Helper()
	var all []traffic.Packet
	for p, err := range c.Packets {
		if err != nil {
			t.Fatal(err)
		}
		p.Payload = slices.Clone(p.Payload)
		all = append(all, p)
	}
	c.Packets = func(yield func(traffic.Packet, error) bool) {
		for _, p := range all {
			if !yield(p, nil) {
				return
			}
		}
	}
	return c
}

func lesson(t *testing.T, captures ...analysis.Labelled) (infer.Lesson, []string) {
	t.Helper()
	marks, notes, err := analysis.MarkLabelled(captures, analysis.LabelledOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var recordings []infer.Recording
	for _, c := range captures {
		recordings = append(recordings, recorded(t, c))
	}
	return infer.Teach("gateway", recordings, marks), notes
}

func recorded(t *testing.T, c analysis.Labelled) infer.Recording {
	t.Helper()
	r, _, err := c.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func within(s infer.Score, seconds float64) int {
	for _, w := range s.Within {
		if w.Seconds == seconds {
			return w.Correct
		}
	}
	return -1
}

// Trained on any two of the plug's captures, all actions of the third are found
// and called by their name, with nothing else; two records lie 24.2 and 20.2 s
// before their labels. So it is when the recordings hold headers alone.
func TestPlugsLearnedFromEachOther(t *testing.T) {
	early := map[string]int{"no-firewall": 14, "base-firewall": 14, "my-firewall": 12}
	for _, headers := range []bool{false, true} {
		for _, tested := range plugs {
			t.Run(fmt.Sprintf("%s headers %t", tested, headers), func(t *testing.T) {
				var train []analysis.Labelled
				var test analysis.Labelled
				for _, name := range plugs {
					c := repeatable(t, plug(t, name))
					if headers {
						c.Packets = analysis.WithoutContent(c.Packets)
					}
					if name == tested {
						test = c
					} else {
						train = append(train, c)
					}
				}
				l, notes := lesson(t, train...)
				r := recorded(t, test)
				got := l.Apply(r)
				if got.Actions != 14 || got.Detected != 14 || got.Correct != 14 || got.FalsePositives != 0 {
					t.Errorf("%d of %d found, %d right, %d false: %v %v", got.Detected, got.Actions, got.Correct, got.FalsePositives, got.Confusion, notes)
				}
				if n := within(got.Score, 15); n != early[tested] {
					t.Errorf("%d right within 15 s, want %d", n, early[tested])
				}
				if r.Cut != headers {
					t.Errorf("cut to headers: %t", r.Cut)
				}
			})
		}
	}
}

// listed is a synthetic capture with a heartbeat, in which every action draws a
// record of that length and an answer; 0 draws none.
func listed(seed uint64, lengths map[string]int) analysis.Labelled {
	rng := rand.New(rand.NewPCG(seed, 8))
	w := &wire{}
	s := w.Stream(cloudAddr, 443)
	type record struct {
		at     time.Duration
		dir    traffic.Direction
		length int
	}
	var records []record
	for at := time.Second; at < 40*time.Minute; at += 31 * time.Second {
		records = append(records, record{at, traffic.Out, 60}, record{at + 50*time.Millisecond, traffic.In, 44})
	}
	c := analysis.Labelled{Name: fmt.Sprint("capture ", seed), Gateway: traffic.Gateway{Name: "hub"}}
	c.Gateway.Addrs = append(c.Gateway.Addrs, gatewayAddr)
	labels := slices.Sorted(func(yield func(string) bool) {
		for label := range lengths {
			if !yield(label) {
				return
			}
		}
	})
	for i := range 24 {
		label := labels[i%len(labels)]
		at := time.Duration(i+1)*90*time.Second + time.Duration(rng.Int64N(int64(20*time.Second)))
		c.Actions = append(c.Actions, analysis.LabelledAction{Time: epoch.Add(at), Action: label})
		if n := lengths[label]; n > 0 {
			records = append(records, record{at + 300*time.Millisecond, traffic.Out, n}, record{at + 400*time.Millisecond, traffic.In, 91})
		}
	}
	slices.SortFunc(records, func(a, b record) int { return cmp.Compare(a.at, b.at) })
	for _, r := range records {
		s.Record(epoch.Add(r.at), r.dir, r.length)
	}
	packets := w.All()
	c.Packets = iter.Seq2[traffic.Packet, error](packets)
	return c
}

// Of four kinds of action, those that show are found, the others are missed, and
// nothing is made up; a gateway that shows none stays silent.
func TestKindsThatShowAndKindsThatDoNot(t *testing.T) {
	lengths := map[string]int{"bulb on": 320, "bulb off": 322, "plug on": 0, "plug off": 0}
	l, notes := lesson(t, listed(1, lengths), listed(2, lengths))
	got := l.Apply(recorded(t, listed(3, lengths)))
	if got.Correct != 12 || got.Detected != 12 || got.FalsePositives != 0 || got.Confusion["plug on"][infer.Missed] != 6 {
		t.Errorf("%d right of %d found, %d false: %v %v", got.Correct, got.Detected, got.FalsePositives, got.Confusion, notes)
	}
	silent := map[string]int{"bulb on": 0, "bulb off": 0}
	l, notes = lesson(t, listed(4, silent), listed(5, silent))
	if got := l.Apply(recorded(t, listed(6, lengths))); !l.Empty() || len(got.Inferred) > 0 || len(notes) == 0 {
		t.Errorf("a silent gateway taught something: %v, %d found", notes, len(got.Inferred))
	}
}
