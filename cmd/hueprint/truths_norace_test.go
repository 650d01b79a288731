//go:build !race

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/traffic"
)

// drawTruths turns four gateways at once: which of them react, at which rate,
// with which sizes and delays.
func drawTruths(rng *rand.Rand) []gateways.Options {
	var all []gateways.Options
	for _, kind := range gateways.Kinds() {
		o := gateways.Defaults(kind)
		o.Pace = 10 + 20*rng.Float64()
		o.Sizes = gateways.Random
		o.React = []float64{0, 0, 1, 1, 0.8}[rng.IntN(5)]
		o.MinDelay = time.Duration(rng.IntN(200)) * time.Millisecond
		o.MaxDelay = o.MinDelay + time.Duration(rng.IntN(150))*time.Millisecond
		all = append(all, o)
	}
	return all
}

// TestTurnedTruthsNoRace draws 20 turnings of the four gateways. Every gateway
// that always reacts must be found with its own lengths; of those that never
// react, no more than α may be called visible.
func TestTurnedTruthsNoRace(t *testing.T) {
	batches, perBatch := 2, 10
	if testing.Short() {
		batches, perBatch = 1, 2
	}
	var silent, falsely int
	for batch := range batches {
		var options []gateways.Options
		for i := range perBatch {
			options = append(options, drawTruths(rand.New(rand.NewPCG(uint64(batch*perBatch+i), 2026)))...)
		}
		for i, r := range conductTruths(t, options, uint64(1000*(batch+1))) {
			o := options[i]
			scope := outcomeOf(r.verdict, reactsTo(o.Kind))
			switch {
			case o.React == 1:
				demandLengths(t, r, scope, o)
			case o.React == 0:
				silent++
				if scope.Verdict == analysis.CloudVisible || scope.Verdict == analysis.LANVisible {
					falsely++
					t.Logf("%s never reacts but is %s towards %s (p = %v)", o.Kind, scope.Verdict, scope.Scope, *scope.P)
				}
			}
		}
	}
	t.Logf("measured: %d turnings; %d gateways that never react, %d called visible", batches*perBatch, silent, falsely)
	// At α = 0.01, more than two of about thirty-two would come once in 250 times.
	if falsely > 2 {
		t.Errorf("%d of %d silent gateways were called visible at α = 0.01", falsely, silent)
	}
}

// reactsTo is the scope in which a gateway's reaction goes out.
func reactsTo(kind gateways.Kind) traffic.Scope {
	if kind == gateways.HomeAssistant {
		return traffic.Phone
	}
	return traffic.Internet
}

func outcomeOf(v analysis.Verdict, scope traffic.Scope) analysis.ScopeVerdict {
	for _, s := range v.Scopes {
		if s.Scope == scope {
			return s
		}
	}
	return analysis.ScopeVerdict{}
}

// conductTruths builds the labs, runs the demo's experiment in all at once, and
// gives the results in the order of the options.
func conductTruths(t *testing.T, options []gateways.Options, seed uint64) []result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	p := &program{in: nil, out: io.Discard, err: io.Discard}
	labs, err := p.buildLabs(ctx, options, seed)
	defer func() {
		for _, l := range labs {
			if err := l.lab.Close(); err != nil {
				t.Errorf("close the lab of %s: %v", l.name, err)
			}
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	e, _ := experiments.Preset("demo")
	e.Light = "1"
	folders, err := p.conductLabs(ctx, labs, e, demoFlags{dir: t.TempDir(), seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	var results []result
	for i, folder := range folders {
		part, err := analyzeRun(folder, analysis.Options{})
		if err != nil {
			t.Fatalf("%s: %v", labs[i].name, err)
		}
		results = append(results, result{labs[i].lab.Truth(), part.Findings.Verdicts[0]})
	}
	return results
}

// result is one lab's truth, and what was said about it.
type result struct {
	truth   gateways.Truth
	verdict analysis.Verdict
}

// demandLengths checks that a gateway that always reacts is found, with a step
// for each message that it always sends, of exactly its length.
func demandLengths(t *testing.T, r result, scope analysis.ScopeVerdict, o gateways.Options) {
	t.Helper()
	if scope.Verdict != analysis.CloudVisible && scope.Verdict != analysis.LANVisible {
		t.Errorf("%s reacts to every change, but the verdict towards %s is %q: %v", o.Kind, reactsTo(o.Kind), scope.Verdict, r.verdict.Reasons)
		return
	}
	for _, want := range r.truth.On[:r.truth.Least] {
		found := false
		for _, step := range scope.Pattern.Steps {
			if step.Direction == want.Direction && step.FrameMin <= want.Frame && want.Frame <= step.FrameMax && step.FrameMax-step.FrameMin <= 32 {
				found = true
			}
		}
		if !found {
			t.Errorf("%s sends a frame of %d B (%s) at each change; the pattern is %s", o.Kind, want.Frame, want.Direction, stepsOf(scope.Pattern))
		}
	}
}

func stepsOf(p analysis.Pattern) string {
	s := ""
	for _, step := range p.Steps {
		s += fmt.Sprintf("[%s %d–%d B, %d of %d] ", step.Direction, step.FrameMin, step.FrameMax, step.Seen, step.Of)
	}
	return s
}
