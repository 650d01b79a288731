package infer_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/traffic"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// cloud and hub are channels of a gateway; another home knows them by address.
var (
	cloud   = events.Channel{Name: "eu1.api.example.net", Transport: "tcp", Port: 443, Scope: traffic.Internet}
	other   = events.Channel{Name: "push.example.org", Transport: "tcp", Port: 8883, Scope: traffic.Internet}
	unnamed = events.Channel{Name: "203.0.113.9", Transport: "tcp", Port: 443, Scope: traffic.Internet}
)

// A packet of a planted reaction: how long after the action, and of what.
type packet struct {
	channel   events.Channel
	direction traffic.Direction
	after     time.Duration
	spread    time.Duration
	lengths   []int // one is drawn
}

// A home is a recording in the making.
type home struct {
	rng    *rand.Rand
	log    []events.Event
	done   []infer.Action
	length time.Duration
}

func newHome(seed uint64, length time.Duration) *home {
	return &home{rng: rand.New(rand.NewPCG(seed, 9)), length: length}
}

func (h *home) event(at time.Duration, c events.Channel, d traffic.Direction, length int) {
	h.log = append(h.log, events.Event{Time: epoch.Add(at), Channel: c, Direction: d, Kind: events.TLSRecord, Length: length, Number: len(h.log) + 1})
}

// noise comes at random instants, a rate an hour.
func (h *home) noise(c events.Channel, d traffic.Direction, perHour int, lengths ...int) *home {
	for range int(float64(perHour) * h.length.Hours()) {
		h.event(time.Duration(h.rng.Int64N(int64(h.length))), c, d, lengths[h.rng.IntN(len(lengths))])
	}
	return h
}

func (h *home) heartbeat(c events.Channel, period time.Duration, out, in int) *home {
	for at := period / 3; at < h.length; at += period {
		h.event(at, c, traffic.Out, out)
		h.event(at+40*time.Millisecond, c, traffic.In, in)
	}
	return h
}

// do carries out actions, each with its reaction at that rate; the list of
// actions is off by up to blur.
func (h *home) do(labels []string, spacing, blur time.Duration, rate float64, reaction map[string][]packet) *home {
	for i, label := range labels {
		at := spacing*time.Duration(i+1) + time.Duration(h.rng.Int64N(int64(spacing/4)))
		listed := at
		if blur > 0 {
			listed += time.Duration(h.rng.Int64N(int64(2*blur))) - blur
		}
		h.done = append(h.done, infer.Action{Time: epoch.Add(listed), Label: label})
		if h.rng.Float64() >= rate {
			continue
		}
		for _, p := range reaction[label] {
			after := p.after
			if p.spread > 0 {
				after += time.Duration(h.rng.Int64N(int64(p.spread)))
			}
			h.event(at+after, p.channel, p.direction, p.lengths[h.rng.IntN(len(p.lengths))])
		}
	}
	return h
}

func (h *home) recording(name string) infer.Recording {
	slices.SortStableFunc(h.log, func(a, b events.Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Number, b.Number)) })
	slices.SortFunc(h.done, func(a, b infer.Action) int { return a.Time.Compare(b.Time) })
	return infer.Recording{Name: name, Events: h.log, First: epoch, Last: epoch.Add(h.length), Actions: h.done, Known: true}
}

// marks are what a test would have found significant.
func marks(reactions map[string][]packet) []infer.Mark {
	var out []infer.Mark
	for _, reaction := range reactions {
		for _, p := range reaction {
			out = append(out, infer.Mark{Channel: p.channel, Direction: p.direction, Kind: events.TLSRecord, Min: slices.Min(p.lengths), Max: slices.Max(p.lengths)})
		}
	}
	return out
}

func repeat(n int, labels ...string) []string { return slices.Repeat(labels, n) }

var onOff = map[string][]packet{
	"on":  {{cloud, traffic.Out, 200 * time.Millisecond, 90 * time.Millisecond, []int{518}}, {cloud, traffic.In, 400 * time.Millisecond, 90 * time.Millisecond, []int{77}}},
	"off": {{cloud, traffic.Out, 200 * time.Millisecond, 90 * time.Millisecond, []int{519}}, {cloud, traffic.In, 400 * time.Millisecond, 90 * time.Millisecond, []int{77}}},
}

// plain is a home with on and off, a heartbeat, and other traffic.
func plain(seed uint64, blur time.Duration) *home {
	return newHome(seed, 30*time.Minute).heartbeat(cloud, 31*time.Second, 60, 44).noise(cloud, traffic.Out, 60, 300, 320, 700).
		noise(other, traffic.Out, 40, 518, 519).do(repeat(10, "on", "off"), 80*time.Second, blur, 1, onOff)
}
