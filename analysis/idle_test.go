package analysis_test

import (
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

func TestIdleComparison(t *testing.T) {
	run, w := marked(11, traffic.Internet)
	heartbeat(w.Stream(cloudAddr, 8883), run.Plan.Duration, 30*time.Second, 90, 85)
	idle := &wire{}
	heartbeat(idle.Stream(cloudAddr, 8883), time.Hour, 30*time.Second, 90, 85)
	heartbeat(idle.Stream(cloudAddr, 123), time.Hour, 10*time.Minute, 48, 48)
	alone := analyze(t, run, w)
	f, _, err := analysis.Analyze(run, only(w), analysis.Options{Idle: func(string) (iter.Seq2[traffic.Packet, error], bool) { return idle.All(), true }})
	if err != nil {
		t.Fatal(err)
	}
	c := f.Verdicts[0].Idle
	if c == nil || len(c.OnlyRun) != 1 || c.OnlyRun[0].Channel.Port != 443 || len(c.OnlyIdle) != 1 || c.OnlyIdle[0].Channel.Port != 123 || c.Both != 1 {
		t.Fatalf("%+v", c)
	}
	// 15 records before the slots, 10 after actions, one SYN; 59 bytes of headers each record.
	if got, want := c.OnlyRun[0], 26; got.Packets != want || got.Bytes != 15*(59+66)+10*(59+250)+54 {
		t.Errorf("%+v, want %d packets", got, want)
	}
	if c.IdleDuration < 55*time.Minute || c.RunDuration <= 0 {
		t.Errorf("durations %v and %v", c.RunDuration, c.IdleDuration)
	}
	f.Verdicts[0].Idle = nil
	same(t, f, alone, "an idle recording")
}

func TestNoIdleRecording(t *testing.T) {
	run, w := marked(11, traffic.Internet)
	none := func(string) (iter.Seq2[traffic.Packet, error], bool) { return nil, false }
	f, _, err := analysis.Analyze(run, only(w), analysis.Options{Idle: none})
	if err != nil || f.Verdicts[0].Idle != nil {
		t.Errorf("%v, %+v", err, f.Verdicts[0].Idle)
	}
	broken := func(string) (iter.Seq2[traffic.Packet, error], bool) {
		return func(yield func(traffic.Packet, error) bool) { yield(traffic.Packet{}, errors.New("bad magic")) }, true
	}
	if _, _, err := analysis.Analyze(run, only(w), analysis.Options{Idle: broken}); err == nil {
		t.Error("an unreadable idle recording gave no error")
	}
}
