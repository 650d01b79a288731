package analysis_test

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// A mark in every action trial is found with its lengths, beside heartbeats of
// other lengths on the same stream.
func TestPlantedPatternIsFound(t *testing.T) {
	run := runOf(design(10, 10), 5)
	w := &wire{}
	noise := w.Stream(cloudAddr, 443)
	heartbeat(noise, run.Plan.Duration, 7500*time.Millisecond, 90, 85)
	s := w.Stream(cloudAddr, 443)
	for _, c := range run.Commands {
		if c.Action == "" {
			continue
		}
		length := 401
		if c.Action == "off" {
			length = 402
		}
		s.Record(c.Sent.Add(120*time.Millisecond), traffic.Out, length)
		s.Record(c.Sent.Add(160*time.Millisecond), traffic.In, 57)
		s.Record(c.Sent.Add(220*time.Millisecond), traffic.Out, 1203)
	}
	f := analyze(t, run, w)
	v := f.Verdicts[0]
	if v.Verdict != analysis.CloudVisible || v.Link != analysis.LinkNotShown || *v.P > 0.001 {
		t.Fatalf("verdict %s, link %s, p %v: %v", v.Verdict, v.Link, *v.P, v.Reasons)
	}
	type mark struct {
		dir      traffic.Direction
		min, max int
		frames   int
		delay    float64
	}
	var got []mark
	for _, s := range v.Pattern.Steps {
		got = append(got, mark{s.Direction, s.LengthMin, s.LengthMax, s.FrameMax, s.DelayMS})
		if s.Seen != 10 || s.Of != 10 || s.SeenControl != 0 || s.OfControl != 10 || !s.Core {
			t.Errorf("step %+v: want 10 of 10 and 0 of 10, core", s)
		}
		if s.Main != (s.LengthMin == 1203) {
			t.Errorf("step %+v: main is the longest of those sent", s)
		}
	}
	want := []mark{{traffic.Out, 401, 402, 54 + 5 + 402, 120}, {traffic.In, 57, 57, 54 + 5 + 57, 160}, {traffic.Out, 1203, 1203, 54 + 5 + 1203, 220}}
	if len(got) != len(want) {
		t.Fatalf("steps %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("step %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestNothingPlantedNothingFound(t *testing.T) {
	run := runOf(design(10, 20), 6)
	w := &wire{}
	heartbeat(w.Stream(cloudAddr, 443), run.Plan.Duration, 7500*time.Millisecond, 90, 85)
	heartbeat(w.Stream(cloudAddr, 8883), run.Plan.Duration, 31*time.Second, 300, 40)
	v := analyze(t, run, w).Verdicts[0]
	if v.Verdict != analysis.NotDetected || len(v.Pattern.Steps) != 0 {
		t.Fatalf("verdict %s, p %v, steps %v", v.Verdict, *v.P, v.Pattern.Steps)
	}
	t.Log(v.Reasons)
	t.Log(v.Power.Sentence)
	for _, p := range v.Power.Plants {
		t.Logf("%+v", p)
	}
}
