package main

import (
	"fmt"
	"strconv"
	"time"
)

// seconds is a duration flag that takes a plain number as seconds, too: people
// who label captures think in seconds.
type seconds time.Duration

// String writes the duration with its unit, and nothing for none, so that help
// shows no default.
func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type is what help calls the value.
func (s *seconds) Type() string { return "duration" }

// Set reads 2s, 1500ms, or 2.
func (s *seconds) Set(text string) error {
	if d, err := time.ParseDuration(text); err == nil {
		*s = seconds(d)
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > -1e6 && n < 1e6) {
		return fmt.Errorf("%q is neither a duration such as 2s nor a number of seconds", text)
	}
	*s = seconds(n * float64(time.Second))
	return nil
}
