package runs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNotesAreKeptInOrderAndASealedRunStillVerifies(t *testing.T) {
	f := newFolder(t)
	must(t, f.End(noon, "complete", ""), f.Seal(), f.Verify())
	first := Note{At: noon, By: "desk", Text: "moved the lamp\nto the left", Tag: []string{"keep", "seen"}}
	second := Note{At: noon.Add(time.Hour), By: "<script>", Text: `"quoted" \ </script> …`, Untag: []string{"seen"}}
	must(t, f.AddNote(first), f.AddNote(second), f.Verify(), f.Seal(), f.Verify())
	notes, err := f.Notes()
	must(t, err)
	if diff := cmp.Diff([]Note{first, second}, notes); diff != "" {
		t.Errorf("notes differ (-want +got):\n%s", diff)
	}
	if got := Tags(notes, "seen", "night"); !slices.Equal(got, []string{"keep", "night"}) {
		t.Errorf("tags %q", got)
	}
	m, err := f.Manifest()
	must(t, err)
	if _, listed := m.Files[notesFile]; listed {
		t.Error("the manifest lists the notes")
	}
}

func TestARunWithoutNotesHasNone(t *testing.T) {
	notes, err := newFolder(t).Notes()
	if err != nil || len(notes) != 0 || len(Tags(notes)) != 0 {
		t.Errorf("notes %v, %v", notes, err)
	}
}

func TestBadNotesAreRefused(t *testing.T) {
	f := newFolder(t)
	many := make([]string, mostTags+1)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	for name, n := range map[string]Note{
		"empty": {}, "space": {Text: " \n "}, "long": {Text: strings.Repeat("x", mostNoteText+1)},
		"escape": {Text: "\x1b[2Jgone"}, "no utf-8": {Text: "\xff"}, "direction": {Text: "abc\u202ecba"}, "comma": {Tag: []string{"a,b"}},
		"newline in a tag": {Tag: []string{"a\nb"}}, "empty tag": {Tag: []string{""}}, "long tag": {Untag: []string{strings.Repeat("x", mostTag+1)}},
		"many tags": {Tag: many}, "author": {By: "a\nb", Text: "x"},
	} {
		if err := f.AddNote(n); !errors.Is(err, ErrBadNote) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.WriteFile(notesFile, nil); err == nil {
		t.Error("the notes could be overwritten")
	}
	if notes, err := f.Notes(); err != nil || len(notes) != 0 {
		t.Errorf("refused notes were kept: %v, %v", notes, err)
	}
}

func TestATornNoteIsPassedOver(t *testing.T) {
	f := newFolder(t)
	must(t, f.AddNote(Note{Text: "first"}), f.AddNote(Note{Text: "second"}))
	whole, err := os.ReadFile(f.path(notesFile))
	must(t, err)
	start := strings.Index(string(whole), "\n") + 1
	for cut := start; cut <= len(whole); cut++ {
		must(t, os.WriteFile(f.path(notesFile), whole[:cut], 0o644), f.AddNote(Note{Text: "after"}))
		notes, err := f.Notes()
		must(t, err)
		if notes[0].Text != "first" || notes[len(notes)-1].Text != "after" {
			t.Fatalf("cut at %d: %v", cut, notes)
		}
	}
}

func TestNotesOfSeveralWritersAreWhole(t *testing.T) {
	f := newFolder(t)
	other, err := Open(f.Dir()) // as another process has it
	must(t, err)
	var writers sync.WaitGroup
	for i, folder := range []*Folder{f, other, f, other} {
		writers.Go(func() {
			for k := range 10 {
				if err := folder.AddNote(Note{Text: fmt.Sprintf("%d %d %s", i, k, strings.Repeat("x", 3000))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	notes, err := f.Notes()
	if err != nil || len(notes) != 40 {
		t.Errorf("%d of 40 notes, %v", len(notes), err)
	}
}

func TestTheNotesOfARunAreBounded(t *testing.T) {
	f := newFolder(t)
	must(t, f.AddNote(Note{Text: "x"}), os.Truncate(f.path(notesFile), mostAllNotes-100))
	if err := f.AddNote(Note{Text: strings.Repeat("x", 200)}); !errors.Is(err, ErrBadNote) {
		t.Errorf("a note beyond the bound: %v", err)
	}
}

func TestWhateverIsKeptAsANoteIsReadBack(t *testing.T) {
	f := newFolder(t)
	rapid.Check(t, func(t *rapid.T) {
		os.Remove(f.path(notesFile))
		n := Note{At: noon, By: rapid.String().Draw(t, "by"), Text: rapid.String().Draw(t, "text"), Tag: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "tags")}
		if f.AddNote(n) != nil {
			return
		}
		want, _ := n.checked()
		notes, err := f.Notes()
		if err != nil || len(notes) != 1 || !cmp.Equal(want, notes[0]) {
			t.Fatalf("kept %+v, read %+v, %v", want, notes, err)
		}
	})
}

func FuzzNotes(f *testing.F) {
	f.Add([]byte(`{"at":"2026-11-22T12:00:00Z","text":"x","tag":["a"]}` + "\n{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, n := range parseNotes(text) {
			if again, err := n.checked(); err != nil || !cmp.Equal(again, n) {
				t.Errorf("read a note that cannot be kept: %+v, %v", n, err)
			}
		}
	})
}
