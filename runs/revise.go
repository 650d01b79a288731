package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

// A Revision says what to write in the place of what a run's folder holds. No
// function may be nil.
type Revision struct {
	Time   func(time.Time) time.Time // not called with the zero time
	Addr   func(netip.Addr) netip.Addr
	Prefix func(netip.Prefix) netip.Prefix
	MAC    func(traffic.MAC) traffic.MAC
	// Text replaces the string that stands at a path such as
	// "bridge.address" or "recording.filter"; elements of lists have none.
	Text func(path, text string) string
	// Frames replaces a gateway's frames, called once a gateway; their times
	// are not changed besides.
	Frames func(gateway string, frames iter.Seq2[traffic.Frame, error]) iter.Seq2[traffic.Frame, error]
}

// Revise writes a copy of the run below root, with its facts, its journal and
// its recordings revised, under the name that the revised facts give it, and
// seals it. Derived files are not copied. What run.json and the journal hold
// beyond the fields of this version is left out. The original is only read.
func (f *Folder) Revise(root string, r Revision) (*Folder, error) {
	facts, err := f.facts()
	if err != nil {
		return nil, err
	}
	entries, _, err := f.entries()
	if err != nil {
		return nil, err
	}
	var gateways []string
	for _, g := range facts.Gateways {
		gateways = append(gateways, g.Name())
	}
	r.value("", reflect.ValueOf(&facts).Elem())
	to, err := Create(root, facts)
	if err != nil {
		return nil, fmt.Errorf("revise run %s: %w", f.ID(), err)
	}
	errs := []error{r.journal(to, entries)}
	for i, name := range gateways {
		errs = append(errs, r.captures(f, to, name, facts.Gateways[i].Name()))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("revise run %s: %w", f.ID(), err)
	}
	return to, to.Seal()
}

// journal writes the revised entries.
func (r Revision) journal(to *Folder, entries []entry) error {
	file, err := os.OpenFile(to.path(journalFile), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(file)
	for _, e := range entries {
		r.value("", reflect.ValueOf(&e).Elem())
		err = errors.Join(err, lines.Encode(e))
	}
	return errors.Join(err, file.Sync(), file.Close())
}

// captures writes the revised recording of a gateway as one file.
func (r Revision) captures(from, to *Folder, gateway, name string) error {
	paths := from.Captures(gateway)
	if len(paths) == 0 {
		return nil
	}
	path := to.path(captureDir, fmt.Sprintf("%s-%04d.pcapng", gatewayName(name), 1))
	tap, err := tapOf(paths[0])
	if err != nil {
		return err
	}
	tap.Interface, tap.Filter = r.Text("interface", tap.Interface), r.Text("filter", tap.Filter)
	s, err := beginSegment(path, tap)
	if err != nil {
		return err
	}
	for frame, err := range r.Frames(gateway, from.Frames(gateway)) {
		if err == nil {
			err = s.frame(frame)
		}
		if err != nil {
			return errors.Join(err, s.close())
		}
	}
	return s.close()
}

// tapOf reads what a capture file says of where it was made; nothing of one
// that is cut off before that.
func tapOf(path string) (Tap, error) {
	file, err := os.Open(path)
	if err != nil {
		return Tap{}, err
	}
	defer file.Close()
	reader, err := pcapng.NewReader(file)
	if err != nil {
		return Tap{}, ignoreTorn(filepath.Base(path), err)
	}
	_, err = reader.Next()
	t := Tap{Application: reader.Section().Application}
	if all := reader.Interfaces(); len(all) > 0 {
		t.Interface, t.Filter, t.Snaplen = all[0].Name, all[0].Filter, all[0].Snaplen
	}
	_ = err // the frames are read again, with their errors
	return t, nil
}

func ignoreTorn(name string, err error) error {
	if errors.Is(err, pcapng.ErrTruncated) || errors.Is(err, pcapng.ErrEmpty) {
		return nil
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// value revises what v holds, whatever its type.
func (r Revision) value(path string, v reflect.Value) {
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		if !at.IsZero() {
			*at = r.Time(*at)
		}
		return
	case *netip.Addr:
		*at = r.Addr(*at)
		return
	case *netip.Prefix:
		*at = r.Prefix(*at)
		return
	case *traffic.MAC:
		*at = r.MAC(*at)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(r.Text(path, v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			r.value(path, v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			r.value(path, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			r.field(path, v.Type().Field(i), v.Field(i))
		}
	}
}

// field revises one field of a struct.
func (r Revision) field(path string, f reflect.StructField, v reflect.Value) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case !f.IsExported():
		return
	case f.Anonymous || name == "":
	case path == "":
		path = name
	default:
		path += "." + name
	}
	r.value(path, v)
}
