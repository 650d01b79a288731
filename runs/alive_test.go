package runs

import (
	"testing"

	"github.com/hueprint/hueprint/experiments"
)

func TestARunIsAliveWhileItsProcessHoldsItsLock(t *testing.T) {
	state := t.TempDir()
	other := experiments.Run{ID: "OTHER", Bridge: experiments.BridgeIdentity{ID: "b"}}
	other.Plan.Experiment.Light = "1"
	next := other // of the same light
	next.ID = "NEXT"
	alive := func(r experiments.Run, want bool) {
		t.Helper()
		if got, err := Alive(state, r); got != want || err != nil {
			t.Errorf("%s is alive: %t, %v", r.ID, got, err)
		}
	}
	alive(other, false)
	_, kill := holder(t, state)
	alive(other, true)
	alive(next, false)
	kill()
	alive(other, false)
}

func TestAnIdleRecordingHasALockOfItsOwn(t *testing.T) {
	state := t.TempDir()
	a, b := experiments.Run{ID: "A", Idle: true}, experiments.Run{ID: "B", Idle: true}
	l, err := Acquire(state, RunResource(a), Holder{PID: 1, Run: "A"})
	must(t, err)
	for _, r := range []experiments.Run{a, b} {
		if got, err := Alive(state, r); got != (r.ID == "A") || err != nil {
			t.Errorf("%s is alive: %t, %v", r.ID, got, err)
		}
	}
	must(t, l.Release())
}
