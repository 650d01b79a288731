package pcapng

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// start is an instant with all nine digits in use.
var start = time.Unix(1_700_000_000, 123_456_789).UTC()

func ethernet(at time.Time, n int) traffic.Frame {
	data := bytes.Repeat([]byte{0xab}, n)
	return traffic.Frame{Time: at, Link: traffic.LinkEthernet, Data: data, Wire: n}
}

func begin(t testing.TB, w io.Writer) *Writer {
	t.Helper()
	pw, err := NewWriter(w, Section{Application: "hueprint test", Hardware: "bench", OS: "linux", Comments: []string{"experiment=x", "run=y"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pw.AddInterface(Interface{Name: "eth0", Description: "the tap", Filter: "the gateway", Link: traffic.LinkEthernet, Snaplen: MaxFrame}); err != nil {
		t.Fatal(err)
	}
	return pw
}

func TestTsharkReadsWhatIsWritten(t *testing.T) {
	var file bytes.Buffer
	w := begin(t, &file)
	actions, err := w.AddInterface(Interface{Name: "actions", Link: 252})
	if err != nil {
		t.Fatal(err)
	}
	frame := ethernet(start, 60)
	frame.Wire = 1514
	event := frame
	event.Link, event.Data, event.Wire = 252, make([]byte, 33), 33
	for _, err := range []error{
		w.Frame(0, frame, "P1", "second note"),
		w.Frame(actions, event),
		w.Frame(0, ethernet(start.Add(time.Second), 61)),
		w.Statistics(0, Statistics{Received: 2, Dropped: 1, Start: start, End: start.Add(2 * time.Second)}),
		w.Flush(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := tshark(t, file.Bytes(), "-T", "fields", "-E", "separator=|", "-e", "frame.number", "-e", "frame.time_epoch",
		"-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.interface_name", "-e", "frame.comment")
	want := "1|1700000000.123456789|1514|60|eth0|P1,second note\n" +
		"2|1700000000.123456789|33|33|actions|\n" +
		"3|1700000001.123456789|61|61|eth0|\n"
	if got != want {
		t.Errorf("tshark prints\n%s\nwant\n%s", got, want)
	}
}

func tshark(t *testing.T, file []byte, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal("needs tshark: ", err)
		}
		t.Skip("needs tshark: ", err)
	}
	path := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	cmd := exec.Command("tshark", append([]string{"-r", path}, args...)...)
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, complaints.String())
	}
	return string(out)
}

func TestWriterRefuses(t *testing.T) {
	w := begin(t, io.Discard)
	old := ethernet(time.Unix(-1, 0), 60)
	raw := ethernet(start, 60)
	raw.Link = traffic.LinkRaw
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"unknown interface":  {w.Frame(1, ethernet(start, 60)), "interface 1 was not added"},
		"other link type":    {w.Frame(0, raw), "link type 101"},
		"frame too large":    {w.Frame(0, ethernet(start, MaxFrame+1)), "larger than"},
		"before 1970":        {w.Frame(0, old), "1970"},
		"comment too long":   {w.Frame(0, ethernet(start, 60), strings.Repeat("x", 1<<16)), "shorten"},
		"statistics nowhere": {w.Statistics(7, Statistics{}), "interface 7 was not added"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, test.err, test.want)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	w := begin(b, io.Discard)
	f := ethernet(start, 650)
	b.SetBytes(int64(len(f.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Frame(0, f); err != nil {
			b.Fatal(err)
		}
	}
}
