package bundle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/pseudonym"
	"github.com/hueprint/hueprint/traffic/redact"
)

// Options turn a bundle.
type Options struct {
	Names pseudonym.Names
	// Shift moves all times of the bundle by one offset, drawn from the key:
	// between one month and ten years into the past.
	Shift bool
	// Licence is under which the bundle is published, as its author chose.
	Licence string
	// Version is the program's.
	Version string
	// Words are names of people and hosts to take out of texts.
	Words []string
	// Derive makes the derived files of each copied run, such as its findings;
	// nil makes none.
	Derive func(original, published *runs.Folder) error
}

// Write makes the bundle of some runs in dir, which must be empty or not exist.
func Write(dir string, originals []*runs.Folder, key pseudonym.Key, o Options) (Manifest, error) {
	if err := empty(dir); err != nil {
		return Manifest{}, fmt.Errorf("write bundle: %w", err)
	}
	w := writer{dir: dir, options: o, mapper: pseudonym.NewMapper(key, o.Names)}
	for _, word := range o.Words {
		w.mapper.Replace(word, "[name]")
	}
	if o.Shift {
		w.offset = drawOffset(w.mapper)
	}
	m := w.manifest()
	for _, folder := range originals {
		entry, err := w.run(folder)
		if err != nil {
			return m, fmt.Errorf("write bundle: %w", err)
		}
		m.Runs = append(m.Runs, entry)
	}
	if err := w.finish(&m); err != nil {
		return m, fmt.Errorf("write bundle: %w", err)
	}
	return m, nil
}

// empty makes dir, or refuses one that holds something.
func empty(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty (name another folder)", dir)
	}
	return err
}

// drawOffset draws the shift of all times, in whole seconds.
func drawOffset(m *pseudonym.Mapper) time.Duration {
	const least, span = 30 * 24 * time.Hour, 10 * 365 * 24 * time.Hour
	b := m.Derive("time shift")
	return -(least + time.Duration(binary.BigEndian.Uint64(b[:])%uint64(span/time.Second))*time.Second)
}

// writer is a bundle while it is written.
type writer struct {
	dir     string
	options Options
	mapper  *pseudonym.Mapper
	offset  time.Duration
	taps    map[string]string // interfaces by their names
	id, old string            // of the run at hand
}

// run copies one run.
func (w *writer) run(original *runs.Folder) (entry Entry, err error) {
	facts, err := original.Run()
	if err != nil {
		return entry, err
	}
	if err := w.prepare(facts); err != nil {
		return entry, err
	}
	published, err := original.Revise(w.dir, runs.Revision{
		Time: func(t time.Time) time.Time { return t.UTC().Add(w.offset) },
		Addr: func(a netip.Addr) netip.Addr { return w.mapper.Addr(a) }, Prefix: w.mapper.Prefix, MAC: w.mapper.MAC,
		Text: w.text, Frames: w.frames,
	})
	if err != nil {
		return entry, err
	}
	if w.options.Derive != nil {
		err = w.options.Derive(original, published)
	}
	return Entry{Folder: filepath.Base(published.Dir()), Run: published.ID(), Simulated: facts.Simulated}, err
}

// prepare learns from a run which words its texts may not hold.
func (w *writer) prepare(r experiments.Run) error {
	w.taps = map[string]string{}
	learn := func(name string) {
		if _, known := w.taps[name]; !known && name != "" {
			w.taps[name] = fmt.Sprintf("tap%d", len(w.taps)+1)
			w.mapper.Replace(name, w.taps[name])
		}
	}
	for _, g := range r.Gateways {
		learn(g.Interface)
	}
	for _, rec := range r.Recordings {
		learn(rec.Interface)
	}
	if r.Bridge.Name != "" {
		w.mapper.Replace(r.Bridge.Name, "Hue bridge")
	}
	w.old, w.id = r.ID, r.ID
	if w.offset == 0 {
		return nil
	}
	old, err := ulid.Parse(r.ID)
	if err != nil {
		return fmt.Errorf("run %s: its ID is no ULID: %w", r.ID, err)
	}
	entropy := w.mapper.Derive("run " + r.ID)
	w.id, err = runs.NewID(ulid.Time(old.Time()).Add(w.offset), bytes.NewReader(entropy[:]))
	w.mapper.Replace(w.old, w.id)
	return err
}

// frames cuts, maps and shifts a gateway's frames.
func (w *writer) frames(_ string, frames iter.Seq2[traffic.Frame, error]) iter.Seq2[traffic.Frame, error] {
	keeper := redact.NewKeeper(traffic.KeepRecords)
	if w.options.Names == pseudonym.HashNames {
		keeper.HideInitials()
	}
	return func(yield func(traffic.Frame, error) bool) {
		for f, err := range frames {
			if err == nil {
				f = keeper.Frame(f)
				f = w.mapper.Frame(f, keeper.Fields())
				f.Time = f.Time.Add(w.offset)
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// text is what stands in run.json and the journal in the place of a string.
func (w *writer) text(path, s string) string {
	last := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case last == "keep":
		return keepOf(s)
	case s == "":
		return ""
	case path == "id":
		return w.id
	case last == "interface":
		return w.tap(s)
	case path == "occasion.by":
		return "[name]"
	case path == "occasion.tags":
		return "[tag]"
	case path == "bridge.name":
		return "Hue bridge"
	case path == "bridge.id":
		return w.mapper.BridgeID(s)
	case stays(path, last):
		return s
	}
	return w.mapper.Text(s)
}

// tap is what an interface is called. That of a file may differ from the run's.
func (w *writer) tap(name string) string {
	if to, ok := w.taps[name]; ok {
		return to
	}
	return "tap"
}

// keepOf is what is kept after the bundle's cut.
func keepOf(s string) string {
	if s == string(traffic.KeepHeaders) {
		return s
	}
	return string(traffic.KeepRecords)
}

// stays tells of strings that the design gave, or that name a model: they are
// the same in every lab, or are what the dataset calls its gateways.
func stays(path, last string) bool {
	for _, prefix := range []string{"plan.", "registered."} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	switch path {
	case "version", "via", "ending", "kind", "action", "bridge.model", "bridge.software",
		"gateways.addresses.name", "gateways.kind", "gateways.firmware", "recordings.gateway", "recording.gateway":
		return true
	}
	return last == "outcome" || last == "light" || last == "action" || last == "source" || last == "by" || last == "confirmed_by"
}
