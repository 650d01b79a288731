package gateways

import (
	"context"
	"time"

	"github.com/hueprint/hueprint/simulator/far"
	"github.com/hueprint/hueprint/traffic"
)

// A change is the news that a light went on or off.
type change struct {
	on bool
	at time.Time // when the news came
}

// A speaker sends one message of a reaction. The last one carries the sizes
// of the answers that are wanted.
type speaker interface {
	speak(ctx context.Context, s Step, last bool, answers [2]uint16) error
}

// reactions reacts to changes through the speaker, one after the other.
func (g *Gateway) reactions(to speaker) errand {
	rng := g.chance("reactions")
	return errand{"reaction to a light", func(ctx context.Context) error {
		for {
			var c change
			select {
			case <-ctx.Done():
				return nil
			case c = <-g.changes:
			}
			reacts := rng.Float64() < g.options.React
			spread := rng.Float64() * float64(g.options.MaxDelay-g.options.MinDelay)
			count := g.count(rng.Float64())
			if !reacts {
				continue
			}
			due := c.at.Add(g.options.MinDelay + time.Duration(spread))
			if err := g.react(ctx, to, due, g.truth.Steps(c.on), count); err != nil {
				return err
			}
		}
	}}
}

// count is the number of a reaction's messages: all of them, except that Home
// Assistant sends 2, 3 or 4 as often as gives the paper's 57 in 20 actions.
func (g *Gateway) count(chance float64) int {
	all := len(g.truth.On)
	switch {
	case g.truth.Least == all, chance >= 0.70:
		return all
	case chance >= 0.45:
		return g.truth.Least + 1
	}
	return g.truth.Least
}

func (g *Gateway) react(ctx context.Context, to speaker, due time.Time, steps []Step, count int) error {
	steps = steps[:count]
	last := lastOut(steps)
	var answers [2]uint16
	for i, n := last+1, 0; i < len(steps) && n < len(answers); i, n = i+1, n+1 {
		answers[n] = uint16(steps[i].Plain)
	}
	for i, s := range steps {
		if s.Direction != traffic.Out {
			continue
		}
		due = due.Add(s.After)
		if err := far.Sleep(ctx, time.Until(due)); err != nil {
			return err
		}
		wanted := [2]uint16{}
		if i == last {
			wanted = answers
		}
		if err := to.speak(ctx, s, i == last, wanted); err != nil {
			return err
		}
		due = latest(due, time.Now())
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// decoys are the errands of the options' decoys.
func (g *Gateway) decoys(to speaker) []errand {
	var errands []errand
	for _, d := range g.options.Decoys {
		errands = append(errands, errand{"decoy", func(ctx context.Context) error {
			for next := time.Now().Add(d.Offset); ; next = next.Add(d.Every) {
				if err := far.Sleep(ctx, time.Until(next)); err != nil {
					return err
				}
				g.try(ctx, "decoy", func(ctx context.Context) error {
					return to.speak(ctx, Step{Direction: traffic.Out, Plain: d.Size}, true, [2]uint16{})
				})
			}
		}})
	}
	return errands
}
