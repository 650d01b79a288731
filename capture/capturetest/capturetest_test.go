package capturetest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/capture/capturetest"
	"github.com/hueprint/hueprint/traffic"
)

// defects are ways to break the contract, each with the part of the suite that
// must notice.
var defects = map[string]string{
	"hands over old frames":  "nothing_before_Start",
	"loses a frame":          "every_frame_once",
	"repeats a frame":        "every_frame_once",
	"cuts frames":            "every_frame_once",
	"numbers from 0":         "every_frame_once",
	"stamps with year 1970":  "every_frame_once",
	"swaps two frames":       "every_frame_once",
	"does not drain":         "Stop_drains",
	"counts wrongly":         "every_frame_once",
	"goes on after Stop":     "Stop_ends",
	"has an error at Stop":   "Stop_ends",
	"leaves Done open":       "Stop_ends",
	"ignores sink errors":    "a_sink's_error",
	"hides sink errors":      "a_sink's_error",
	"proves once":            "proof_can_be_asked_again",
	"proves in silence":      "proof_can_be_asked_again",
	"proves when it is over": "Stop_ends",
	"starts in vain":         "an_ended_context",
	"proves in vain":         "an_ended_context",
}

const defectVariable = "CAPTURETEST_DEFECT"

func TestSuitePassesASoundRecorder(t *testing.T) { runTape(t, os.Getenv(defectVariable)) }

func runTape(t *testing.T, defect string) {
	capturetest.Run(t, func(t *testing.T) capturetest.Bench {
		tape := &tape{defect: defect}
		return capturetest.Bench{Recorder: tape, Send: tape.send}
	})
}

// TestSuiteFindsEveryDefect runs the suite in a process of its own, as it must
// fail there.
func TestSuiteFindsEveryDefect(t *testing.T) {
	for defect, part := range defects {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			suite := exec.Command(os.Args[0], "-test.run=TestSuitePassesASoundRecorder/"+part, "-test.v")
			suite.Env = append(os.Environ(), defectVariable+"="+defect)
			out, err := suite.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuitePassesASoundRecorder/"+part) {
				t.Errorf("a recorder that %s passes: %v\n%s", defect, err, out)
			}
		})
	}
}

// A tape is a recorder in memory with one defect, or none.
type tape struct {
	defect string
	mu     sync.Mutex
	old    [][]byte
	reel   *reel
}

func (p *tape) Start(ctx context.Context, sink capture.Sink) (capture.Session, error) {
	if ctx.Err() != nil && p.defect != "starts in vain" {
		return nil, context.Cause(ctx)
	}
	r := &reel{tape: p, sink: sink, done: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reel = r
	if p.defect == "hands over old frames" {
		r.record(p.old)
	}
	return r, nil
}

func (p *tape) send(frames [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.old = frames
	if p.reel != nil {
		p.reel.record(frames)
	}
}

type reel struct {
	tape   *tape
	sink   capture.Sink
	mu     sync.Mutex
	number int
	stats  capture.Stats
	proved bool
	over   bool
	err    error
	done   chan struct{}
}

func (r *reel) is(defect string) bool { return r.tape.defect == defect }

func (r *reel) record(frames [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.is("swaps two frames") && len(frames) > 1 {
		frames = append([][]byte{frames[1], frames[0]}, frames[2:]...)
	}
	if r.is("does not drain") && len(frames) > 10 {
		frames = frames[:10]
	}
	for i, data := range frames {
		if r.is("loses a frame") && i == 1 || r.over && !r.is("goes on after Stop") {
			continue
		}
		r.one(data)
		if r.is("repeats a frame") && i == 1 {
			r.one(data)
		}
	}
}

func (r *reel) one(data []byte) {
	f := traffic.Frame{Time: time.Now(), Link: traffic.LinkEthernet, Data: bytes.Clone(data), Wire: len(data)}
	if r.is("stamps with year 1970") {
		f.Time = time.Unix(int64(r.number), 0)
	}
	if r.is("cuts frames") {
		f.Data = f.Data[:60]
	}
	f.Number = r.number + 1
	if r.is("numbers from 0") {
		f.Number--
	}
	err := r.sink.Frame(f)
	clear(f.Data) // it was valid during the call only
	switch {
	case err != nil && r.is("ignores sink errors"):
		return
	case err != nil:
		if !r.is("hides sink errors") {
			r.err = err
		}
		r.end()
		return
	}
	r.number++
	r.stats.Frames++
	r.stats.Bytes += uint64(len(f.Data))
	if r.is("counts wrongly") {
		r.stats.Bytes++
	}
	if r.stats.First.IsZero() {
		r.stats.First = f.Time
	}
	r.stats.Last = f.Time
}

func (r *reel) end() {
	if !r.over {
		r.over = true
		if !r.is("leaves Done open") {
			close(r.done)
		}
	}
}

func (r *reel) Prove(ctx context.Context) (capture.Proof, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case ctx.Err() != nil && !r.is("proves in vain"):
		return capture.Proof{}, context.Cause(ctx)
	case r.over && !r.is("proves when it is over"), r.proved && r.is("proves once"):
		return capture.Proof{}, errors.New("no proof")
	case r.is("proves in silence"):
		return capture.Proof{}, nil
	}
	r.proved = true
	return capture.Proof{At: time.Now(), By: "being in memory"}, nil
}

func (r *reel) Stats() capture.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

func (r *reel) Done() <-chan struct{} { return r.done }

func (r *reel) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *reel) Stop(context.Context) (capture.Stats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
	if r.is("has an error at Stop") {
		r.err = errors.New("stopped")
	}
	return r.stats, r.err
}
