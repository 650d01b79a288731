package capture_test

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

var epoch = time.Unix(1_700_000_000, 0).UTC()

// writeCapture writes frames at the given seconds, each with its second as
// data, and returns the file's path.
func writeCapture(t *testing.T, name string, seconds ...float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcapng.NewWriter(file, pcapng.Section{})
	if err == nil {
		_, err = w.AddInterface(pcapng.Interface{Link: traffic.LinkEthernet})
	}
	for _, s := range seconds {
		f := frameAt(s)
		f.Wire = 60
		err = errors.Join(err, w.Frame(0, f))
	}
	if err := errors.Join(err, w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func frameAt(second float64) traffic.Frame {
	data := fmt.Append(nil, second)
	return traffic.Frame{
		Time: epoch.Add(time.Duration(second * float64(time.Second))), Link: traffic.LinkEthernet, Data: data, Wire: len(data),
	}
}

// told writes each frame as number:data, and errors as "error".
func told(frames iter.Seq2[traffic.Frame, error]) string {
	var words []string
	for f, err := range frames {
		if err != nil {
			words = append(words, "error")
			continue
		}
		words = append(words, fmt.Sprintf("%d:%s", f.Number, f.Data))
	}
	return strings.Join(words, " ")
}

func TestFilesAreReadInTheOrderOfTheirFirstFrames(t *testing.T) {
	late, early := writeCapture(t, "a.pcapng", 10, 11), writeCapture(t, "b.pcapng", 1, 2)
	none := writeCapture(t, "0.pcapng")
	if got, want := told(capture.Files(none, late, early)), "1:1 2:2 3:10 4:11"; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestADamagedFileDoesNotHideTheNext(t *testing.T) {
	first, second := writeCapture(t, "a.pcapng", 1, 2), writeCapture(t, "b.pcapng", 3)
	if err := os.Truncate(first, size(t, first)-3); err != nil {
		t.Fatal(err)
	}
	if got, want := told(capture.Files(first, second)), "1:1 error 2:3"; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
	for _, err := range capture.Files(first) {
		if err != nil && (!errors.Is(err, pcapng.ErrTruncated) || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), "byte ")) {
			t.Errorf("the error %q does not name the file and the place", err)
		}
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	whole := writeCapture(t, "a.pcapng", 1)
	text := filepath.Join(t.TempDir(), "actions.csv")
	if err := os.WriteFile(text, []byte("time,action\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing.pcap")
	_, err := capture.OpenFiles(whole, text, missing)
	if !errors.Is(err, pcapng.ErrNotCapture) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one that tells of both files", err)
	}
	if _, err := capture.OpenFiles(); err == nil {
		t.Error("no file is no error")
	}
	if got := told(capture.Files(missing)); got != "error" {
		t.Errorf("a missing file yields %q", got)
	}
}

func TestDisorderIsTold(t *testing.T) {
	files, err := capture.OpenFiles(writeCapture(t, "a.pcapng", 1, 3, 2.5, 4))
	if err != nil {
		t.Fatal(err)
	}
	if got := told(files.Frames()); got != "1:1 2:3 3:2.5 4:4" {
		t.Errorf("read %q", got)
	}
	if err := files.Disorder(); err == nil || !strings.Contains(err.Error(), "1 frames") || !strings.Contains(err.Error(), "500ms") {
		t.Errorf("disorder is told as %v", err)
	}
	if got, want := told(capture.InOrder(files.Frames(), time.Second)), "1:1 3:2.5 2:3 4:4"; got != want {
		t.Errorf("in order: %q, want %q", got, want)
	}
}

func TestInOrderPassesErrorsAndKeepsTies(t *testing.T) {
	frames := func(yield func(traffic.Frame, error) bool) {
		for i, s := range []float64{5, 4, 4, -1, 9} {
			f := frameAt(s)
			f.Number = i + 1
			var err error
			if s < 0 {
				err = errors.New("damage")
			}
			if !yield(f, err) {
				return
			}
		}
	}
	if got, want := told(capture.InOrder(frames, time.Minute)), "2:4 3:4 1:5 error 5:9"; got != want {
		t.Errorf("in order: %q, want %q", got, want)
	}
	first := slices.Collect(func(yield func(string) bool) {
		for f := range capture.InOrder(frames, 0) {
			yield(string(f.Data))
			return
		}
	})
	if !slices.Equal(first, []string{"5"}) && !slices.Equal(first, []string{"4"}) {
		t.Errorf("a consumer that stops got %v", first)
	}
}
