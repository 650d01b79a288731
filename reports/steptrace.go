package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
)

// A commandTrace is one slot from plan to packets: the step trace.
type commandTrace struct {
	experiments.Command
	// Number counts slots from 1, as the figures do.
	Number  int
	Control bool
	// Packets are those of the patterns in the slot's window, in words.
	Packets []string
	// Others counts the window's packets, the pattern's included.
	Others int
}

// What names the slot.
func (c commandTrace) What() string {
	if c.Control {
		return "control"
	}
	return Printable(string(c.Action))
}

// Since is an instant relative to the slot's plan.
func (c commandTrace) Since(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return delay(float64(t.Sub(c.Planned)) / 1e6)
}

// stepTraces follows each command of the run to the gateway's packets.
func stepTraces(run *experiments.Run, f figures) []commandTrace {
	if run == nil {
		return nil
	}
	packets, trials := f.packetsBySlot(), map[int]analysis.Trial{}
	for _, t := range f.verdict.Trials {
		trials[t.Slot] = t
	}
	var all []commandTrace
	for _, c := range run.Commands {
		all = append(all, commandTrace{c, c.Slot + 1, c.Outcome == experiments.Withheld, packets[c.Slot], trials[c.Slot].Packets})
	}
	return all
}

// packetsBySlot says the pattern's packets of each slot, by delay.
func (f figures) packetsBySlot() map[int][]string {
	words := map[int][]string{}
	for i, row := range f.bySlot() {
		slot := f.verdict.Trials[i].Slot
		for _, m := range row {
			if m.Step >= 0 {
				words[slot] = append(words[slot], fmt.Sprintf("%s %d B %s", m.Direction, m.Frame, delay(float64(m.after)/1e6)))
			}
		}
	}
	return words
}

// rowOfCharacters draws a trial's packets in n places over its window: out and
// in of the pattern as O and I, others as dots.
func (f figures) rowOfCharacters(row []moment, n int) string {
	cells := []byte(strings.Repeat(" ", n))
	for _, m := range row {
		if m.after < f.from || m.after > f.to {
			continue
		}
		at := min(int(int64(n)*int64(m.after-f.from)/int64(f.to-f.from)), n-1)
		if sign := signOf(m.Point); sign != '.' || cells[at] == ' ' {
			cells[at] = sign
		}
	}
	return string(cells)
}

func signOf(p analysis.Point) byte {
	switch {
	case p.Step < 0:
		return '.'
	case strings.HasPrefix(pointClass(p), "in"):
		return 'I'
	}
	return 'O'
}
