package orchestrator

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/experiments"
)

// A gap of 3.75 s (3 s until the bridge knows, half a second of preparation, a
// quarter to read) is enough, a little less is not. The last action has time.
func TestUnreadable(t *testing.T) {
	for gap, want := range map[time.Duration]int{2 * time.Second: 2, 3740 * time.Millisecond: 2, 3750 * time.Millisecond: 0, time.Minute: 0} {
		p := experiments.Plan{Experiment: experiments.Experiment{Window: time.Second}}
		for i, control := range []bool{false, true, false, true, false} {
			p.Slots = append(p.Slots, experiments.Slot{Index: i, At: time.Duration(i+1) * gap, Control: control})
		}
		if got := Unreadable(p); got != want {
			t.Errorf("gap %v: %d, want %d", gap, got, want)
		}
	}
	if got := Unreadable(experiments.Plan{}); got != 0 {
		t.Errorf("no slots: %d", got)
	}
}
