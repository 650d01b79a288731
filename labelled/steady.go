package labelled

import (
	"fmt"
	"iter"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

const (
	// mostBack is how much earlier a frame may be stamped than the one before
	// it, as recorders with several queues do.
	mostBack = time.Minute
	// mostAhead is the longest silence that a capture of a living network has.
	mostAhead = 24 * time.Hour
)

// steady passes frames on until their stamps jump: one damaged stamp would
// stretch the time over which actions are shifted, and so make every p too
// small. The frame before a jump back is the doubtful one and is left out.
func steady(frames iter.Seq2[traffic.Frame, error]) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		var held traffic.Frame
		var data []byte
		holds := false
		for f, err := range frames {
			if holds && err == nil {
				if jump := f.Time.Sub(held.Time); jump < -mostBack || jump > mostAhead {
					if jump > 0 && !yield(held, nil) {
						return
					}
					yield(traffic.Frame{}, fmt.Errorf("frame %d is stamped %v after frame %d: the capture is damaged, or its clock was moved (repair it, or cut it there with editcap)", f.Number, jump, held.Number))
					return
				}
			}
			if holds && !yield(held, nil) {
				return
			}
			if holds = err == nil; !holds {
				if !yield(f, err) {
					return
				}
				continue
			}
			data = append(data[:0], f.Data...)
			held, held.Data = f, data
		}
		if holds {
			yield(held, nil)
		}
	}
}
