package labtest

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// A Recipe says what a made-up run is like.
type Recipe struct {
	At      time.Time
	Gateway string
	// Reacts tells that each action leaves a mark in the gateway's traffic.
	Reacts bool
	// Dropped frames make the verdict inconclusive.
	Dropped uint64
	// Ending is Complete when empty; after another one half of the slots were
	// reached.
	Ending   experiments.Ending
	Idle     bool
	Occasion experiments.Occasion
	Note     string
}

// recordAll makes one run of each kind.
func (l *Lab) recordAll(t testing.TB) {
	t.Helper()
	nightly := func(firing string) experiments.Occasion {
		return experiments.Occasion{Firing: firing, Schedule: "nightly", By: "ada", Attempt: 1, Tags: []string{"night"}}
	}
	hand := experiments.Occasion{Firing: "f-hand", By: "ada", Attempt: 1, Tags: []string{"firmware-0.54"}}
	hour := func(h int) time.Time { return Noon().Add(time.Duration(h) * time.Hour) }
	for _, r := range []Recipe{
		{At: hour(-3), Gateway: "aeotec", Reacts: true, Occasion: hand, Note: "Second run after the firmware update."},
		{At: hour(-10), Gateway: "echo", Occasion: nightly("f-1")},
		{At: hour(-34), Gateway: "nest", Reacts: true, Dropped: 41, Occasion: nightly("f-2"), Note: "The mirror port was overloaded."},
		{At: hour(-35), Gateway: "home-assistant", Reacts: true, Ending: experiments.Stopped, Occasion: hand},
		{At: hour(-58), Gateway: "aeotec", Ending: experiments.Aborted, Occasion: nightly("f-3")},
		{At: hour(-80), Gateway: "nest", Idle: true, Occasion: nightly("f-4")},
	} {
		l.Record(t, r)
	}
}

// Record makes a run folder by the recipe, analyses it as far as it has slots,
// enters it into the index, and returns its entry.
func (l *Lab) Record(t testing.TB, r Recipe) store.Run {
	t.Helper()
	run := r.run(t)
	f, err := runs.Create(l.Runs, run)
	check(t, err)
	defer f.Close()
	check(t, r.carryOut(f, run))
	if !r.Idle {
		_, _, err := analyse(f, analysis.Options{WithoutPower: true})
		check(t, err)
	}
	check(t, f.Seal())
	if r.Note != "" {
		check(t, f.AddNote(runs.Note{At: run.Prepared.Add(time.Hour), By: "ada", Text: r.Note}))
	}
	entry, err := store.Digest(f)
	check(t, err)
	check(t, l.Store.PutRun(t.Context(), entry))
	return entry
}

func analyse(f *runs.Folder, o analysis.Options) (analysis.Findings, []analysis.Trace, error) {
	run, err := f.Run()
	if err != nil {
		return analysis.Findings{}, nil, err
	}
	found, traces, err := analysis.Analyze(run, func(gateway string) iter.Seq2[traffic.Packet, error] {
		return decode.Packets(f.Frames(gateway), new(decode.Stats))
	}, o)
	if err == nil && !found.Exploratory && o.Idle == nil {
		err = f.WriteFindings(found)
	}
	return found, traces, err
}

// run is what is known of it beforehand.
func (r Recipe) run(t testing.TB) experiments.Run {
	t.Helper()
	seed := uint64(r.At.Unix())
	id, err := runs.NewID(r.At, strings.NewReader(fmt.Sprintf("%010d", seed%1e10)))
	check(t, err)
	e, _ := experiments.Preset("demo")
	e.Name, e.Light, e.Gateways = "ten-toggles", "1", []string{r.Gateway}
	run := experiments.Run{ID: id, Simulated: true, Version: "test", Via: "bridge", Prepared: r.At, Occasion: r.Occasion, Idle: r.Idle,
		Bridge:   experiments.BridgeIdentity{Name: "Simulated bridge", ID: "001788fffe0000aa", Model: "BSB002", Address: "http://192.168.1.2"},
		Gateways: []experiments.Gateway{gateway(r.Gateway)}, Found: experiments.LightState{On: true, Brightness: 254}}
	if r.Idle {
		run.Plan.Experiment = experiments.Experiment{Name: "idle", Gateways: []string{r.Gateway}}
		return run
	}
	run.Plan, run.Registered = experiments.NewPlan(e, seed), analysis.Registered(e)
	return run
}

func gateway(name string) experiments.Gateway {
	return experiments.Gateway{Addresses: traffic.Gateway{Name: name, MACs: []traffic.MAC{gatewayMAC}, Addrs: []netip.Addr{gatewayAddr}},
		Kind: experiments.Kind(name), Interface: "sim0", LinkStated: true, Peers: traffic.Peers{Bridge: []netip.Addr{bridgeAddr}}}
}

// carryOut writes the journal and the recording as a conductor would.
func (r Recipe) carryOut(f *runs.Folder, run experiments.Run) error {
	start := r.At.Add(time.Second)
	length, commands := run.Plan.Duration, r.commands(run, start)
	if r.Idle {
		length = time.Minute
	}
	end := start.Add(length + time.Second)
	rec := traffic.Recording{Gateway: r.Gateway, Interface: "sim0", Keep: traffic.KeepFull, Start: r.At, Proved: r.At, Proof: "a marker frame was recorded"}
	err := errors.Join(f.Recording(rec), f.Started(start))
	if !r.Idle {
		err = errors.Join(err, f.Setting(run.Plan.Initial), f.Set(run.Plan.Initial, experiments.Receipt{Sent: r.At, Answered: r.At, Outcome: experiments.Done}))
	}
	for _, c := range commands {
		err = errors.Join(err, f.Intend(c), f.Result(c))
	}
	sink, sinkErr := f.Sink(r.Gateway, runs.Tap{Interface: "sim0", Application: "hueprint test"})
	if sinkErr != nil {
		return errors.Join(err, sinkErr)
	}
	w := &wire{rng: rand.New(rand.NewPCG(uint64(r.At.Unix()), 1)), from: r.At, to: end}
	for _, frame := range w.frames(commands, r.Reacts) {
		err = errors.Join(err, sink.Frame(frame))
	}
	err = errors.Join(err, sink.Close())
	rec.End, rec.Frames, rec.Bytes, rec.Dropped = end, sink.Counts().Frames, sink.Counts().Bytes, r.Dropped
	if r.Dropped > 0 {
		rec.Gaps = []traffic.Gap{{From: start, To: end, Dropped: r.Dropped, Reason: "the kernel had no room"}}
	}
	return errors.Join(err, f.Recording(rec), r.end(f, end))
}

func (r Recipe) end(f *runs.Folder, at time.Time) error {
	if r.Idle {
		return f.End(at, experiments.Complete, "")
	}
	err := errors.Join(f.Restoring(), f.Restored(true, ""))
	switch r.Ending {
	case "", experiments.Complete:
		return errors.Join(err, f.End(at, experiments.Complete, ""))
	case experiments.Stopped:
		return errors.Join(err, f.End(at, r.Ending, "ada stopped it"))
	default:
		return errors.Join(err, f.End(at, r.Ending, "the bridge did not answer for 10 s"))
	}
}

// commands are what became of the slots.
func (r Recipe) commands(run experiments.Run, start time.Time) []experiments.Command {
	slots := run.Plan.Slots
	if r.Ending != "" && r.Ending != experiments.Complete {
		slots = slots[:len(slots)/2]
	}
	list := make([]experiments.Command, 0, len(slots))
	for _, s := range slots {
		at := start.Add(s.At)
		c := experiments.Command{Slot: s.Index, Planned: at, Begun: at.Add(300 * time.Microsecond), Lateness: 300 * time.Microsecond,
			Receipt: experiments.Receipt{Outcome: experiments.Withheld}}
		if !s.Control {
			c.Light, c.Action = "1", s.Action
			c.Receipt = experiments.Receipt{Sent: at.Add(time.Millisecond), Answered: at.Add(9 * time.Millisecond), Outcome: experiments.Done}
			c.Confirmed, c.ConfirmedBy = at.Add(40*time.Millisecond), experiments.ByEventStream
		}
		list = append(list, c)
	}
	return list
}
