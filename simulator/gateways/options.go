package gateways

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Kind names a model of gateway.
type Kind string

// The gateways of the base paper.
const (
	Aeotec        Kind = "aeotec"
	Echo          Kind = "echo"
	Nest          Kind = "nest"
	HomeAssistant Kind = "homeassistant"
)

// Kinds lists all kinds in the order of the paper.
func Kinds() []Kind { return []Kind{Aeotec, Echo, Nest, HomeAssistant} }

// Sizes says where the lengths of a reaction's messages come from.
type Sizes string

// Paper lengths give the frames of the base paper's Table 1; Random ones are
// drawn from the seed.
const (
	Paper  Sizes = "paper"
	Random Sizes = "random"
)

// Differ says how the reaction to "off" differs from that to "on".
type Differ string

// The ways to differ. With ByDelay the last message that the gateway sends
// comes a second late for "on" and at once for "off"; with BySize the lengths
// for "off" are drawn anew.
const (
	Alike   Differ = "alike"
	ByDelay Differ = "delay"
	BySize  Differ = "size"
)

// A Decoy is a message that has nothing to do with lights: the gateway sends it
// where its reactions go, at Offset after its start and every Every from then,
// whatever the pace.
type Decoy struct {
	Every, Offset time.Duration
	// Size is the length of the message before encryption, in bytes.
	Size int
}

// Options turn a gateway's truth from outside. Begin with [Defaults].
type Options struct {
	Kind Kind
	// React is the probability, 0 to 1, that the gateway reacts to one change.
	React float64
	// Sizes and Differ shape the reaction.
	Sizes  Sizes
	Differ Differ
	// MinDelay and MaxDelay bound the time from the news of a change to the
	// reaction's first message; it is drawn evenly between them.
	MinDelay, MaxDelay time.Duration
	// Pace divides all periods of idle traffic: 1 is the real gateway's.
	Pace   float64
	Decoys []Decoy
	// Seed decides everything that is drawn.
	Seed uint64
	// Log hears of failures and reconnections; nil hears nothing.
	Log *slog.Logger
}

// Defaults is the gateway as the paper found it: Aeotec and Home Assistant
// react to every change, Echo and Nest to none.
func Defaults(kind Kind) Options {
	o := Options{
		Kind: kind, Sizes: Paper, Differ: Alike, Pace: 1,
		MinDelay: 40 * time.Millisecond, MaxDelay: 80 * time.Millisecond,
	}
	switch kind {
	case Aeotec:
		o.React = 1
	case HomeAssistant:
		o.React, o.Differ = 1, ByDelay
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 60*time.Millisecond
	}
	return o
}

// Check reports every mistake in the options at once.
func (o Options) Check() error {
	var errs []error
	mistake := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	mistake(!slices.Contains(Kinds(), o.Kind), "unknown kind of gateway %q (want one of %s)", o.Kind, kindNames())
	mistake(!(o.React >= 0 && o.React <= 1), "react %v is not a probability (want 0 to 1)", o.React)
	mistake(!slices.Contains([]Sizes{Paper, Random}, o.Sizes), "sizes %q: want paper or random", o.Sizes)
	mistake(!slices.Contains([]Differ{Alike, ByDelay, BySize}, o.Differ), "differ %q: want alike, delay or size", o.Differ)
	mistake(o.MinDelay < 0 || o.MaxDelay < o.MinDelay, "delay from %v to %v: want a range from 0 up", o.MinDelay, o.MaxDelay)
	mistake(!(o.Pace > 0 && o.Pace <= 1000), "pace %v: want more than 0 and at most 1000", o.Pace)
	for i, d := range o.Decoys {
		mistake(d.Every < 10*time.Millisecond || d.Offset < 0, "decoy %d every %v from %v: want at least 10ms, from 0 up", i+1, d.Every, d.Offset)
		mistake(d.Size < minSize(o.Kind) || d.Size > maxSize(o.Kind), "decoy %d of %d bytes: want %d to %d", i+1, d.Size, minSize(o.Kind), maxSize(o.Kind))
	}
	return errors.Join(errs...)
}

func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}
