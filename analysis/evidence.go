package analysis

import (
	"math"
	"slices"
	"time"

	"github.com/hueprint/hueprint/experiments"
)

// evidence is what the verdict rests on.
func (s *study) evidence() Evidence {
	e := Evidence{
		Packets: s.log.Packets, Bytes: s.log.Bytes, Dropped: int(s.recording.Dropped), Gaps: len(s.recording.Gaps),
		DroppedDup: s.log.Duplicates, Retransmits: s.log.Retransmissions + s.log.KeepAlives, Undecoded: s.log.Undecoded,
		Outcomes: map[string]int{}, Confirmed: map[string]int{},
		ClockUncertainty: s.recording.Offset.Uncertainty(), Proof: s.recording.Proof,
		BridgePackets: s.log.BridgePackets, Restored: s.run.Restored,
	}
	var late []float64
	for _, c := range s.run.Commands {
		e.Outcomes[string(c.Outcome)]++
		if c.Outcome == experiments.Withheld {
			continue
		}
		witness := c.ConfirmedBy
		if witness == "" {
			witness = experiments.ByNone
		}
		e.Confirmed[string(witness)]++
		late = append(late, float64(c.Lateness))
	}
	slices.Sort(late)
	e.LatenessP50, e.LatenessP99 = time.Duration(quantile(late, 0.5)), time.Duration(quantile(late, 0.99))
	e.LatenessMax = time.Duration(quantile(late, 1))
	return e
}

// minusLog10 is the scale of the null distribution's histogram.
func minusLog10(p float64) float64 {
	if p >= 1 {
		return 0
	}
	return -math.Log10(p)
}
