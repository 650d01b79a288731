package capture_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hueprint/hueprint/capture/capturetest"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

// toFile is a sink that writes a capture file.
type toFile struct{ *pcapng.Writer }

func (f toFile) Frame(frame traffic.Frame) error { return f.Writer.Frame(0, frame) }

// BenchmarkLiveToFile measures the way of a frame from the far end of a cable
// into a file, sending included, which is most of it.
func BenchmarkLiveToFile(b *testing.B) {
	l := newLab(b)
	file, err := os.Create(filepath.Join(b.TempDir(), "capture.pcapng"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	w, err := pcapng.NewWriter(file, pcapng.Section{})
	if err == nil {
		_, err = w.AddInterface(pcapng.Interface{Name: "tap", Link: traffic.LinkEthernet})
	}
	if err != nil {
		b.Fatal(err)
	}
	s := start(b, l.live(), toFile{w})
	frames := capturetest.Frames(0, 1000)
	sent := uint64(0)
	begin := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		l.send(frames)
		sent += uint64(len(frames))
	}
	rate := float64(sent) / time.Since(begin).Seconds()
	stats := stop(b, s)
	b.ReportMetric(rate, "frames/s")
	b.ReportMetric(float64(stats.Dropped), "dropped")
	if stats.Frames+stats.Dropped != sent {
		b.Errorf("%d recorded and %d dropped of %d", stats.Frames, stats.Dropped, sent)
	}
}
