package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/analysis"
)

// A fact is one line of the evidence.
type fact struct{ Name, Value string }

// evidence lists what the verdict rests on, in the order in which a reviewer
// asks.
func evidence(v analysis.Verdict, part Part) []fact {
	e := v.Evidence
	facts := []fact{
		{"link to the bulb", string(v.Link)},
		{"packets of the gateway", fmt.Sprintf("%s (%s)", count(e.Packets), byteSize(e.Bytes))},
		{"packets with the bridge", count(e.BridgePackets)},
		{"lost by the recorder", fmt.Sprintf("%d frames, %d gaps", e.Dropped, e.Gaps)},
		{"left out", fmt.Sprintf("%d duplicates, %d retransmissions and keep-alives, %d undecoded", e.DroppedDup, e.Retransmits, e.Undecoded)},
		{"candidates tested", candidates(v)},
	}
	if part.Run == nil {
		return facts
	}
	facts = append(facts, lookFacts(v)...)
	facts = append(facts,
		fact{"proof of recording", orDash(Printable(e.Proof))},
		fact{"commands", tally(e.Outcomes)},
		fact{"confirmed by", tally(e.Confirmed)},
		fact{"lateness against plan", fmt.Sprintf("median %s, 99th percentile %s, most %s", duration(e.LatenessP50), duration(e.LatenessP99), duration(e.LatenessMax))},
		fact{"clock uncertainty", duration(e.ClockUncertainty)},
		fact{"light put back", yesNo(e.Restored)},
	)
	return facts
}

func candidates(v analysis.Verdict) string {
	s := count(v.Candidates - v.Constant)
	if v.Constant > 0 {
		s += fmt.Sprintf(" (%s more were the same in every redraw)", count(v.Constant))
	}
	return s
}

// tally writes counts by word, most first.
func tally(counts map[string]int) string {
	words := make([]string, 0, len(counts))
	for w := range counts {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, w := range words {
		words[i] = fmt.Sprintf("%d %s", counts[w], Printable(w))
	}
	return orDash(strings.Join(words, ", "))
}
