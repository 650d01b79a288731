package analysis

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
)

// An IdleComparison sets the channels of a run beside those of a recording of
// the same gateway in which nothing was done. A channel of the run alone may be
// a mark of the actions, or of the hour; the test of the run decides, this list
// only points.
type IdleComparison struct {
	// RunDuration and IdleDuration are how long the two recordings are: the
	// shorter the idle one, the less its lack of a channel says.
	RunDuration  time.Duration `json:"run_duration_ns"`
	IdleDuration time.Duration `json:"idle_duration_ns"`
	// OnlyRun and OnlyIdle list channels with most packets first; Both counts
	// those that the recordings share.
	OnlyRun  []ChannelTraffic `json:"only_run"`
	OnlyIdle []ChannelTraffic `json:"only_idle"`
	Both     int              `json:"both"`
}

// ChannelTraffic is how much a recording has of one channel.
type ChannelTraffic struct {
	Channel events.Channel `json:"channel_detail"`
	// Name is "name:port/transport".
	Name string `json:"channel"`
	// Packets counts those that carried something (bare acknowledgements and
	// retransmissions do not), Bytes their lengths on the wire.
	Packets int   `json:"packets"`
	Bytes   int64 `json:"bytes"`
}

// CompareIdle sets the channels of a run's log beside those of an idle one.
// Channels without a name go by their address: one that rotates appears on both
// lists.
func CompareIdle(run, idle events.Log) IdleComparison {
	here, there := channels(run), channels(idle)
	c := IdleComparison{RunDuration: run.Last.Sub(run.First), IdleDuration: idle.Last.Sub(idle.First)}
	c.OnlyRun, c.OnlyIdle = lacking(here, there), lacking(there, here)
	c.Both = len(here) - len(c.OnlyRun)
	return c
}

// channels sums up a log; a packet with several events counts once.
func channels(log events.Log) map[events.Channel]ChannelTraffic {
	out := make(map[events.Channel]ChannelTraffic)
	last := make(map[events.Channel]int)
	for i := range log.Events {
		e := &log.Events[i]
		t := out[e.Channel]
		t.Channel, t.Name = e.Channel, channelName(e.Channel)
		if t.Packets == 0 || last[e.Channel] != e.Number {
			t.Packets++
			t.Bytes += int64(e.Frame)
			last[e.Channel] = e.Number
		}
		out[e.Channel] = t
	}
	return out
}

// lacking are the channels of one recording that the other lacks.
func lacking(of, in map[events.Channel]ChannelTraffic) []ChannelTraffic {
	out := []ChannelTraffic{}
	for _, t := range slices.SortedFunc(maps.Values(of), byPackets) {
		if _, both := in[t.Channel]; !both {
			out = append(out, t)
		}
	}
	return out
}

func byPackets(a, b ChannelTraffic) int {
	return cmp.Or(cmp.Compare(b.Packets, a.Packets), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Channel.Scope, b.Channel.Scope))
}
