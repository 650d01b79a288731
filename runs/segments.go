package runs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

// A Tap describes where a gateway's frames come from, and how large one file of
// them may become. Zero values mean: 64 MiB, one hour, no limit of a frame.
type Tap struct {
	Interface string
	// Filter says in words what the kernel let through.
	Filter  string
	Snaplen int
	// Application names the program and its version in the files.
	Application string
	// MaxBytes and MaxAge bound one file; the next one is begun then.
	MaxBytes int64
	MaxAge   time.Duration
}

const (
	segmentBytes = 64 << 20
	segmentAge   = time.Hour
	flushEvery   = time.Second
)

// Counts are how many frames and wire bytes a gateway's segments hold so far.
type Counts struct{ Frames, Bytes uint64 }

// Segments writes the raw recording of one gateway: pcapng files that are
// flushed each second and fsynced at their close. It is a sink for a capture
// session. After an error it takes no more frames; what was written stays.
type Segments struct {
	folder  *Folder
	gateway string
	tap     Tap

	mu     sync.Mutex
	open   *segment
	number int
	counts Counts
	err    error
	closed bool

	once sync.Once
	stop chan struct{}
	done chan struct{}
}

// Sink begins the recording of a gateway. Its first file is there when Sink
// returns. A further Sink of the same gateway goes on with the next number.
func (f *Folder) Sink(gateway string, t Tap) (*Segments, error) {
	if t.MaxBytes <= 0 {
		t.MaxBytes = segmentBytes
	}
	if t.MaxAge <= 0 {
		t.MaxAge = segmentAge
	}
	s := &Segments{folder: f, gateway: gateway, tap: t, number: len(f.Captures(gateway)),
		stop: make(chan struct{}), done: make(chan struct{})}
	if err := s.next(); err != nil {
		return nil, s.explain(err)
	}
	go s.flush()
	return s, nil
}

// Frame appends a frame.
func (s *Segments) Frame(f traffic.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return s.err
	case s.closed:
		return errors.New("record " + s.gateway + ": the recording is closed")
	}
	if s.open == nil || s.open.size >= s.tap.MaxBytes || time.Since(s.open.begun) >= s.tap.MaxAge {
		s.err = s.explain(s.next())
	}
	if s.err == nil {
		s.err = s.explain(s.open.frame(f))
	}
	if s.err == nil {
		s.counts.Frames++
		s.counts.Bytes += uint64(f.Wire)
	}
	return s.err
}

// Counts may be read at any time.
func (s *Segments) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Close ends the recording durably. Its error is the first that any frame met.
// It is idempotent.
func (s *Segments) Close() error {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		s.err = errors.Join(s.err, s.explain(s.open.close()))
		s.open = nil
	}
	s.closed = true
	return s.err
}

// flush hands what was recorded to the kernel each second, until Close.
func (s *Segments) flush() {
	defer close(s.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			_ = s.Flush() // kept, and told to the next frame
		}
	}
}

// Flush hands what was recorded so far to the kernel, so that it can be read
// while the recording goes on.
func (s *Segments) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.err == nil {
		s.err = s.explain(s.open.writer.Flush())
	}
	return s.err
}

// next closes the open file and begins another.
func (s *Segments) next() error {
	if s.open != nil {
		if err := s.open.close(); err != nil {
			return err
		}
		s.open = nil
	}
	s.number++
	name := fmt.Sprintf("%s-%04d.pcapng", gatewayName(s.gateway), s.number)
	open, err := beginSegment(s.folder.path(captureDir, name), s.tap)
	if err == nil {
		s.open = open
	}
	return err
}

func (s *Segments) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("record %s into run %s: %w", s.gateway, s.folder.ID(), advise(err))
}

// segment is one file of a recording.
type segment struct {
	file   *os.File
	writer *pcapng.Writer
	tap    Tap
	links  map[traffic.LinkType]int
	begun  time.Time
	size   int64 // about
}

func beginSegment(path string, t Tap) (*segment, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	writer, err := pcapng.NewWriter(file, pcapng.Section{Application: t.Application})
	if err == nil {
		err = errors.Join(writer.Flush(), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &segment{file: file, writer: writer, tap: t, links: map[traffic.LinkType]int{}, begun: time.Now()}, nil
}

// frame writes f, declaring an interface for each link type that it meets.
func (s *segment) frame(f traffic.Frame) error {
	const overhead = 32 // of an enhanced packet block
	id, known := s.links[f.Link]
	if !known {
		var err error
		id, err = s.writer.AddInterface(pcapng.Interface{Name: s.tap.Interface, Filter: s.tap.Filter,
			Link: f.Link, Snaplen: s.tap.Snaplen})
		if err != nil {
			return err
		}
		s.links[f.Link] = id
	}
	s.size += int64(len(f.Data) + overhead)
	return s.writer.Frame(id, f)
}

// close makes the file durable; whatever fails, the descriptor is given back.
func (s *segment) close() error {
	return errors.Join(s.writer.Flush(), s.file.Sync(), s.file.Close())
}
