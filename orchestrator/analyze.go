package orchestrator

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// Analyze derives findings from the record of a run and keeps them in its
// folder, unless they are exploratory, as only the registered analysis gives the
// verdict, or compare with an idle recording: what is kept follows from the run
// alone. What could not be decoded is told in the findings' warnings. It may be
// repeated at any time and gives the same.
func Analyze(folder *runs.Folder, o analysis.Options) (analysis.Findings, []analysis.Trace, error) {
	run, err := folder.Run()
	if err != nil {
		return analysis.Findings{}, nil, err
	}
	if run.Idle {
		return analysis.Findings{}, nil, fmt.Errorf("analyse run %s: %w (compare a run of the same gateways with it: hueprint analyze RUN --idle %s)", run.ID, ErrIdleRecording, run.ID)
	}
	d := newDecoding(folder, run)
	found, traces, err := analysis.Analyze(run, d.packets, o)
	if err != nil {
		return found, traces, fmt.Errorf("analyse run %s: %w", run.ID, err)
	}
	found.Warnings = append(found.Warnings, d.warnings(run)...)
	if !found.Exploratory && o.Idle == nil {
		err = folder.WriteFindings(found)
	}
	return found, traces, err
}

// decoding turns recorded frames into packets, and remembers what was wrong
// with them.
type decoding struct {
	folder *runs.Folder
	run    experiments.Run
	stats  map[string]*decode.Stats
	errs   map[string]error
}

func newDecoding(folder *runs.Folder, run experiments.Run) decoding {
	return decoding{folder: folder, run: run, stats: map[string]*decode.Stats{}, errs: map[string]error{}}
}

func (d decoding) packets(gateway string) iter.Seq2[traffic.Packet, error] {
	d.stats[gateway] = new(decode.Stats)
	return decode.Packets(d.readable(gateway), d.stats[gateway])
}

// readable yields the frames that can be read. A damaged file is remembered, as
// the frames around the damage still tell something; what is not as it was
// recorded comes as an error at the end, so that no verdict rests on it.
func (d decoding) readable(gateway string) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		frames := uint64(0)
		for frame, err := range d.folder.Frames(gateway) {
			if err != nil {
				d.errs[gateway] = errors.Join(d.errs[gateway], err)
				continue
			}
			frames++
			if !yield(frame, nil) {
				return
			}
		}
		if err := d.intact(gateway, frames); err != nil && frames > 0 {
			yield(traffic.Frame{}, err)
		}
	}
}

// intact compares what could be read with what was recorded.
func (d decoding) intact(gateway string, frames uint64) error {
	altered, err := d.folder.Altered(gateway)
	rec, _ := d.run.Recording(gateway)
	switch {
	case err != nil:
		return err
	case len(altered) > 0:
		return fmt.Errorf("%s: not as recorded", strings.Join(altered, ", "))
	case rec.Failure == "" && !rec.End.IsZero() && rec.Frames != 0 && rec.Frames != frames:
		return fmt.Errorf("%d of %d recorded frames can be read", frames, rec.Frames)
	case d.errs[gateway] != nil:
		return errors.New("a file is damaged")
	}
	return nil
}

// warnings tell, for each gateway in the run's order, what was not decoded.
func (d decoding) warnings(r experiments.Run) (ws []string) {
	for _, g := range r.Gateways {
		if err := d.errs[g.Name()]; err != nil {
			ws = append(ws, fmt.Sprintf("recording of %s: %s", g.Name(), strings.ReplaceAll(err.Error(), d.folder.Dir()+"/", "")))
		}
		if s := d.stats[g.Name()]; s != nil && s.Undecoded() > 0 {
			ws = append(ws, fmt.Sprintf("recording of %s: %d of %d frames could not be decoded", g.Name(), s.Undecoded(), s.Frames))
		}
	}
	return slices.Clip(ws)
}
