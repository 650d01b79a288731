package gateways

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hueprint/hueprint/simulator/far"
	"github.com/hueprint/hueprint/traffic"
)

// A Step is one message of a reaction.
type Step struct {
	Direction traffic.Direction
	// Plain is the message's length before encryption. Record is the length
	// field of the TLS record that carries it, or 0 where there is no TLS;
	// Payload is the length of the TCP payload, and Frame that of the Ethernet
	// frame: all on a link whose TCP has timestamps.
	Plain, Record, Payload, Frame int
	// After is the least time since the step before, the network's and the far
	// end's own time not counted.
	After time.Duration
}

// A Truth is what a gateway was made to do when a light changes. Only tests may
// ask for it; an analysis that knew it would prove nothing.
type Truth struct {
	Kind               Kind
	React              float64
	MinDelay, MaxDelay time.Duration
	// On and Off are the reactions in order. A reaction may stop early but
	// never before its first Least messages.
	On, Off []Step
	Least   int
}

// Steps is the reaction to a light's going on or off.
func (t Truth) Steps(on bool) []Step {
	if on {
		return t.On
	}
	return t.Off
}

// envelope is what encryption and headers add to a message.
type envelope int

// The envelopes: RFC 5288 (eight bytes of nonce, sixteen of tag), RFC 8446
// (one of type, sixteen of tag), and a WebSocket header (RFC 6455, section
// 5.2) without TLS, which is part of the message's own length here.
const (
	tls12 envelope = iota
	tls13
	bare
)

// headers are Ethernet, IPv4, and TCP with timestamps.
const headers = 14 + 20 + 32

func (e envelope) step(d traffic.Direction, plain int, after time.Duration) Step {
	s := Step{Direction: d, Plain: plain, After: after, Payload: plain}
	switch e {
	case tls12:
		s.Record = plain + 24
		s.Payload = s.Record + 5
	case tls13:
		s.Record = plain + 17
		s.Payload = s.Record + 5
	}
	s.Frame = s.Payload + headers
	return s
}

// shape is the form of a reaction before its sizes are settled.
type shape struct {
	envelope envelope
	steps    []Step // Direction, Plain and After only
	least    int
}

func shapeOf(kind Kind) shape {
	out := func(plain int, after time.Duration) Step {
		return Step{Direction: traffic.Out, Plain: plain, After: after}
	}
	in := func(plain int, after time.Duration) Step {
		return Step{Direction: traffic.In, Plain: plain, After: after}
	}
	switch kind {
	case Aeotec:
		return shape{tls12, []Step{out(18, 0), out(395, far.Apart), in(18, far.Thinking), in(223, far.Apart)}, 4}
	case Echo:
		return shape{tls12, []Step{out(310, 0), in(86, far.Thinking)}, 2}
	case Nest:
		return shape{tls13, []Step{out(244, 0), in(70, far.Thinking)}, 2}
	}
	return shape{bare, []Step{out(105, 0), out(57, 20*time.Millisecond), out(33, 20*time.Millisecond), out(13, far.Apart)}, 2}
}

func minSize(kind Kind) int {
	if kind == HomeAssistant {
		return 13
	}
	return far.Overhead + 2
}

func maxSize(kind Kind) int {
	if kind == HomeAssistant {
		return 105
	}
	return 1200
}

// draw settles the truth: the same options always give the same one.
func draw(o Options) Truth {
	rng := rand.New(rand.NewPCG(o.Seed, hash("truth "+string(o.Kind))))
	form := shapeOf(o.Kind)
	if o.Sizes == Random {
		form.redraw(o.Kind, rng)
	}
	t := Truth{Kind: o.Kind, React: o.React, MinDelay: o.MinDelay, MaxDelay: o.MaxDelay, Least: form.least, On: form.settle()}
	if o.Differ == BySize {
		form.redraw(o.Kind, rng)
	}
	t.Off = form.settle()
	if last := lastOut(t.On); o.Differ == ByDelay && last > 0 {
		t.On[last].After = time.Second
	}
	return t
}

// redraw draws every length anew, each different from the others and from the
// fixed ones of what passes there idle.
func (f shape) redraw(kind Kind, rng *rand.Rand) {
	taken := idleSizes(kind)
	for i := range f.steps {
		size := 0
		for size == 0 || slices.Contains(taken, size) {
			size = minSize(kind) + rng.IntN(maxSize(kind)-minSize(kind)+1)
		}
		f.steps[i].Plain = size
		taken = append(taken, size)
	}
}

// idleSizes are the lengths of greetings and signs of life where the reaction
// goes.
func idleSizes(kind Kind) []int {
	if kind == HomeAssistant {
		return []int{authOKSize, pongSize, pingSize}
	}
	return []int{helloSize, welcomeSize, heartbeatSize, far.PushAnswer}
}

func (f shape) settle() []Step {
	var steps []Step
	for _, s := range f.steps {
		steps = append(steps, f.envelope.step(s.Direction, s.Plain, s.After))
	}
	return steps
}

// lastOut is the index of the last message that the gateway itself sends.
func lastOut(steps []Step) int {
	last := 0
	for i, s := range steps {
		if s.Direction == traffic.Out {
			last = i
		}
	}
	return last
}
