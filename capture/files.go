package capture

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

// A Sequence is a list of capture files that are read as one recording: pcap or
// pcapng, packed or not, in the order of their first frames.
type Sequence struct {
	paths []string
	// stepsBack counts the frames that are older than the one before, furthest
	// is how far back the greatest step went.
	stepsBack int
	furthest  time.Duration
}

// OpenFiles looks at the beginning of each file and puts them in order. A file
// that cannot be opened or is no capture is an error that names it; a capture
// without frames is none. A single file may be a pipe.
func OpenFiles(paths ...string) (*Sequence, error) {
	if len(paths) == 0 {
		return nil, errors.New("open captures: no file is named")
	}
	if len(paths) == 1 { // nothing to sort, and a pipe can be read only once
		if _, err := os.Stat(paths[0]); err != nil {
			return nil, fmt.Errorf("open capture: %w", err)
		}
		return &Sequence{paths: slices.Clone(paths)}, nil
	}
	type start struct {
		path string
		at   time.Time
		none bool
	}
	var starts []start
	var errs []error
	files := &Sequence{}
	for _, path := range paths {
		at, err := firstFrame(path)
		if err != nil && err != io.EOF {
			errs = append(errs, err)
		}
		starts = append(starts, start{path, at, err == io.EOF})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	slices.SortStableFunc(starts, func(a, b start) int {
		if a.none != b.none {
			if a.none {
				return 1
			}
			return -1
		}
		return a.at.Compare(b.at)
	})
	for _, s := range starts {
		files.paths = append(files.paths, s.path)
	}
	return files, nil
}

// firstFrame tells when a capture begins; io.EOF if it has no whole frame.
func firstFrame(path string) (time.Time, error) {
	var at time.Time
	err := eachFrame(path, func(f traffic.Frame) bool {
		at = f.Time
		return false
	})
	switch {
	case err == nil && at.IsZero(), errors.Is(err, pcapng.ErrTruncated):
		return at, io.EOF
	case err != nil:
		return at, err
	}
	return at, nil
}

// Paths lists the files in the order in which they are read.
func (s *Sequence) Paths() []string { return slices.Clone(s.paths) }

// Frames yields the frames of all files, numbered on from file to file. The
// damage of a file is yielded in its place, after its whole frames, as an error
// that names the file and the offset; whoever goes on gets the files after it.
// A frame's data is valid during its turn only.
func (s *Sequence) Frames() iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		s.stepsBack, s.furthest = 0, 0
		number, on := 0, true
		var before time.Time
		for _, path := range s.paths {
			err := eachFrame(path, func(f traffic.Frame) bool {
				number++
				f.Number = number
				if back := before.Sub(f.Time); back > 0 && !f.Time.IsZero() {
					s.stepsBack, s.furthest = s.stepsBack+1, max(s.furthest, back)
				}
				before = f.Time
				on = yield(f, nil)
				return on
			})
			if err != nil && on {
				on = yield(traffic.Frame{}, err)
			}
			if !on {
				return
			}
		}
	}
}

// Disorder tells, after the frames were read, what is wrong with their order;
// nil if nothing is. See [InOrder] for the remedy.
func (s *Sequence) Disorder() error {
	if s.stepsBack == 0 {
		return nil
	}
	return fmt.Errorf("%d frames are older than the frame before them, by up to %v (reorder the capture with reordercap if the order matters)",
		s.stepsBack, s.furthest)
}

// Files yields the frames of capture files as [Sequence.Frames] does; what
// keeps them from being opened is yielded as an error.
func Files(paths ...string) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		files, err := OpenFiles(paths...)
		if err != nil {
			yield(traffic.Frame{}, err)
			return
		}
		files.Frames()(yield)
	}
}

// eachFrame hands the frames of a file to do until that says no.
func eachFrame(path string, do func(traffic.Frame) bool) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open capture: %w", err)
	}
	defer file.Close()
	r, err := pcapng.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for {
		f, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !do(f) {
			return nil
		}
	}
}
