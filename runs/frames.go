package runs

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

// gatewayName is the gateway's part of its files' names. A name that cannot be
// kept gets a digest, so that two gateways never share files.
func gatewayName(gateway string) string {
	name := safe(gateway)
	if name != gateway {
		name += fmt.Sprintf("-%x", sha256.Sum256([]byte(gateway)))[:9]
	}
	return name
}

// Captures lists the files of a gateway's recording in the order of capture.
func (f *Folder) Captures(gateway string) []string {
	pattern := regexp.MustCompile(`^` + regexp.QuoteMeta(gatewayName(gateway)) + `-([0-9]{4,})\.pcapng$`)
	entries, err := os.ReadDir(f.path(captureDir))
	if err != nil {
		return nil
	}
	numbers := map[string]int{}
	var paths []string
	for _, e := range entries {
		if m := pattern.FindStringSubmatch(e.Name()); m != nil {
			path := f.path(captureDir, e.Name())
			numbers[path], _ = strconv.Atoi(m[1]) // the pattern lets only digits through
			paths = append(paths, path)
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return numbers[a] - numbers[b] })
	return paths
}

// Frames yields a gateway's frames in the order of capture, each numbered within
// its file. A file that is cut off, as a killed recorder leaves it, ends without
// an error: what is whole was yielded, and [Folder.Run] notes the loss. Any other
// damage comes as an error, and reading goes on with the next file.
func (f *Folder) Frames(gateway string) iter.Seq2[traffic.Frame, error] {
	frames, _ := f.frames(gateway)
	return frames
}

// frames is Frames; torn is filled with notes on files that are cut off.
func (f *Folder) frames(gateway string) (frames iter.Seq2[traffic.Frame, error], torn *[]string) {
	torn = new([]string)
	return func(yield func(traffic.Frame, error) bool) {
		*torn = nil
		for _, path := range f.Captures(gateway) {
			more, err := readSegment(path, yield)
			switch {
			case !more:
				return
			case errors.Is(err, pcapng.ErrTruncated), errors.Is(err, pcapng.ErrEmpty):
				*torn = append(*torn, fmt.Sprintf("%s is cut off: %v", filepath.Base(path), err))
			case err != nil:
				if !yield(traffic.Frame{}, fmt.Errorf("read %s: %w", path, err)) {
					return
				}
			}
		}
	}, torn
}

// readSegment yields the whole frames of one file; more is false when the
// reader wants none any more.
func readSegment(path string, yield func(traffic.Frame, error) bool) (more bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return true, err
	}
	defer file.Close()
	for frame, err := range pcapng.Frames(file) {
		if errors.Is(err, pcapng.ErrNotCapture) && shorterThanAHeader(file) {
			return true, pcapng.ErrTruncated
		}
		if err != nil {
			return true, err
		}
		if !yield(frame, nil) {
			return false, nil
		}
	}
	return true, nil
}

// shorterThanAHeader tells a file that its writer has only just begun.
func shorterThanAHeader(file *os.File) bool {
	const sectionHeader = 28
	info, err := file.Stat()
	return err == nil && info.Size() < sectionHeader
}
