package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/orchestrator"
)

// progressBoard shows how runs go on: a bar each on a terminal, plain lines
// elsewhere.
type progressBoard struct {
	out  io.Writer
	bars progress.Writer // nil without a terminal
	done chan struct{}
	mu   sync.Mutex // for lines
}

// newProgress begins to show; stop ends it.
func newProgress(out io.Writer) *progressBoard {
	b := &progressBoard{out: out, done: make(chan struct{})}
	width, tty := terminal(out)
	if !tty {
		close(b.done)
		return b
	}
	b.bars = progress.NewWriter()
	b.bars.SetOutputWriter(out)
	b.bars.SetAutoStop(false)
	b.bars.SetUpdateFrequency(100 * time.Millisecond)
	b.bars.SetTrackerLength(max(10, min(40, width-62)))
	b.bars.SetMessageLength(56)
	b.bars.SetTrackerPosition(progress.PositionRight)
	b.bars.Style().Visibility.ETA = false
	b.bars.Style().Visibility.Speed = false
	b.bars.Style().Visibility.Time = false
	b.bars.Style().Visibility.Value = false
	b.bars.Style().Visibility.Percentage = false
	b.bars.Style().Options.DoneString = ""
	go func() {
		defer close(b.done)
		b.bars.Render()
	}()
	return b
}

func (b *progressBoard) stop() {
	if b.bars != nil {
		time.Sleep(150 * time.Millisecond) // the last state is drawn at the next tick
		b.bars.Stop()
	}
	<-b.done
}

// gateway returns the observer of one run, shown under the gateway's name.
func (b *progressBoard) gateway(name string, slots int) orchestrator.Observer {
	o := &gatewayProgress{board: b, name: name}
	if b.bars != nil {
		// One more than the slots: a bar that is full counts as done, and the run
		// has yet to settle and to put the light back.
		o.bar = &progress.Tracker{Message: name, Total: int64(slots) + 1}
		b.bars.AppendTracker(o.bar)
	}
	return o
}

func (b *progressBoard) line(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(b.out, format+"\n", args...)
}

type gatewayProgress struct {
	board *progressBoard
	name  string
	bar   *progress.Tracker
	phase orchestrator.Phase
}

// phaseWords say what goes on in each phase.
var phaseWords = map[orchestrator.Phase]string{
	orchestrator.Locking:   "waiting for bulb and interface",
	orchestrator.Quieting:  "waiting for the other gateways to be silent",
	orchestrator.Proving:   "proving that it records",
	orchestrator.Setting:   "setting the light",
	orchestrator.Settling:  "settling",
	orchestrator.Acting:    "toggling",
	orchestrator.Stopping:  "stopping the recorders",
	orchestrator.Restoring: "putting the light back",
	orchestrator.Ended:     "done",
}

// Observe shows one event.
func (g *gatewayProgress) Observe(e orchestrator.Event) {
	if e.Warning != "" {
		g.warn(e.Warning)
	}
	if e.Look != nil {
		g.say(lookWords(*e.Look, e.Looks))
	}
	if g.bar != nil {
		g.bar.UpdateMessage(g.message(e))
		g.bar.SetValue(int64(e.Slot))
		if e.Phase == orchestrator.Ended {
			g.bar.MarkAsDone()
		}
		return
	}
	switch {
	case e.Phase != g.phase:
		g.board.line("%s: %s", g.name, phaseWords[e.Phase])
	case e.Command != nil && e.Slot%5 == 0:
		g.board.line("%s: slot %d of %d, %v left", g.name, e.Slot, e.Of, e.Left.Round(time.Second))
	}
	g.phase = e.Phase
}

// message says in a few words where the run is.
func (g *gatewayProgress) message(e orchestrator.Event) string {
	s := fmt.Sprintf("%s: %s", g.name, phaseWords[e.Phase])
	if e.Phase == orchestrator.Acting {
		s += fmt.Sprintf(", slot %d of %d", min(e.Slot+1, e.Of), e.Of)
	}
	if e.Left > 0 {
		s += fmt.Sprintf(", %v left", e.Left.Round(time.Second))
	}
	return s
}

func (g *gatewayProgress) warn(text string) { g.say("warning: " + text) }

func (g *gatewayProgress) say(text string) {
	if g.bar != nil {
		g.board.bars.Log("%s: %s", g.name, text)
		return
	}
	g.board.line("%s: %s", g.name, text)
}

// lookWords say how a planned look ended.
func lookWords(l experiments.Look, of int) string {
	words := "not decided, going on"
	switch {
	case l.Decided:
		words = "decided, the run ends here"
	case l.Failure != "":
		words = "not taken, going on"
	}
	return fmt.Sprintf("look %d of %d: %s", l.Number, of, words)
}
