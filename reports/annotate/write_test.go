package annotate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/reports/annotate"
	"github.com/hueprint/hueprint/reports/exporttest"
	"github.com/hueprint/hueprint/traffic"
)

// source is the first gateway of a sample.
func source(t *testing.T, s exporttest.Sample) annotate.Source {
	t.Helper()
	f, traces := s.Analyze(t)
	return annotate.Source{
		Application: "hueprint test", Run: s.Run, Settings: s.Settings,
		Verdict: f.Verdicts[0], Trace: traces[0], Frames: s.Frames(f.Verdicts[0].Gateway),
	}
}

func write(t *testing.T, s annotate.Source) ([]byte, annotate.Summary) {
	t.Helper()
	var b bytes.Buffer
	sum, err := annotate.Write(&b, s)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sum
}

// read is a frame of a copy with what it says of itself.
type read struct {
	traffic.Frame
	device   string
	comments []string
}

func readAll(t *testing.T, capture []byte) (all []read, section pcapng.Section) {
	t.Helper()
	r, err := pcapng.NewReader(bytes.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	for {
		f, err := r.Next()
		if err != nil {
			return all, r.Section()
		}
		f.Data = slices.Clone(f.Data)
		all = append(all, read{f, r.Interfaces()[r.Interface()].Name, slices.Clone(r.Comments())})
	}
}

// samples are the shapes that a recording can have.
func samples() map[string]exporttest.Options {
	return map[string]exporttest.Options{
		"one file":      {},
		"three files":   {Files: 3},
		"raw IP":        {Link: traffic.LinkRaw, Files: 2},
		"another clock": {Offset: -3 * time.Hour},
		"hostile names": {Gateways: []string{exporttest.Hostile}, Name: exporttest.Hostile},
		"nothing found": {Silent: true},
	}
}

// expected are the matched packets of a source, by where they will be in the
// copy: numbers counted over the merged file, steps of each.
func expected(s annotate.Source, copied []read) (byNumber map[int][]int) {
	byNumber = map[int][]int{}
	steps := map[int64][]int{}
	for _, p := range s.Trace.Points {
		if p.Step >= 0 {
			steps[p.Time.UnixNano()] = append(steps[p.Time.UnixNano()], p.Step)
		}
	}
	for i, f := range copied {
		if f.device != annotate.ActionsInterface && steps[f.Time.UnixNano()] != nil {
			byNumber[i+1] = steps[f.Time.UnixNano()]
		}
	}
	return byNumber
}

func TestACopyMarksEveryCommandAndEveryMatchedPacket(t *testing.T) {
	for name, o := range samples() {
		t.Run(name, func(t *testing.T) {
			s := source(t, exporttest.New(o))
			if found := len(s.Verdict.Pattern.Steps); (found == 0) != o.Silent {
				t.Fatalf("%d steps were found", found)
			}
			capture, sum := write(t, s)
			copied, _ := readAll(t, capture)
			commented, records := 0, 0
			want := expected(s, copied)
			for i, f := range copied {
				if f.device == annotate.ActionsInterface {
					records++
					continue
				}
				if len(f.comments) != len(want[i+1]) {
					t.Errorf("frame %d has %d comments, want one for each of steps %v", i+1, len(f.comments), want[i+1])
				}
				if len(f.comments) > 0 {
					commented++
				}
			}
			wantRecords := len(s.Run.Commands) + len(s.Settings)
			if records != wantRecords || sum.Records != wantRecords || commented != sum.Matched || len(copied) != sum.Frames+sum.Records || len(sum.Warnings) > 0 {
				t.Errorf("%d records and %d frames with comments, summary %+v; want %d records", records, commented, sum, wantRecords)
			}
			if !o.Silent && (commented < 12 || sum.Comments <= commented) {
				t.Errorf("%d comments on %d frames: want at least two frames an action, one with two comments", sum.Comments, commented)
			}
		})
	}
}

func TestACopyChangesNoFrame(t *testing.T) {
	for name, o := range samples() {
		t.Run(name, func(t *testing.T) {
			s := source(t, exporttest.New(o))
			capture, _ := write(t, s)
			copied, _ := readAll(t, capture)
			copied = slices.DeleteFunc(copied, func(f read) bool { return f.device == annotate.ActionsInterface })
			i := 0
			for want := range s.Frames {
				if i >= len(copied) {
					t.Fatalf("the copy ends after %d frames", i)
				}
				if got := copied[i]; !got.Time.Equal(want.Time) || got.Link != want.Link || got.Wire != want.Wire || !bytes.Equal(got.Data, want.Data) || got.device != "eth0" {
					t.Fatalf("frame %d differs: %v %d %d on %s", i+1, got.Time, got.Link, got.Wire, got.device)
				}
				i++
			}
			if i != len(copied) {
				t.Errorf("the copy has %d frames more", len(copied)-i)
			}
		})
	}
}

// A recording may change its link type, as a USB tap that comes back does; the
// records keep the second interface.
func TestACopyKeepsEveryLinkType(t *testing.T) {
	s := source(t, exporttest.New(exporttest.Options{}))
	ethernet, raw := s.Frames, exporttest.New(exporttest.Options{Link: traffic.LinkRaw}).Frames("hub")
	var want []traffic.LinkType
	s.Frames = func(yield func(traffic.Frame, error) bool) {
		for _, part := range []iter.Seq2[traffic.Frame, error]{ethernet, raw, ethernet} {
			for f, err := range part {
				want = append(want, f.Link)
				if !yield(f, err) {
					return
				}
			}
		}
	}
	capture, _ := write(t, s)
	r, err := pcapng.NewReader(bytes.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	var got []traffic.LinkType
	for f, err := r.Next(); err == nil; f, err = r.Next() {
		if (f.Link == traffic.LinkUpperPDU) != (r.Interface() == 1) {
			t.Fatalf("frame %d of link type %d is on interface %d", f.Number, f.Link, r.Interface())
		}
		if f.Link != traffic.LinkUpperPDU {
			got = append(got, f.Link)
		}
	}
	if !slices.Equal(got, want) || len(r.Interfaces()) != 3 {
		t.Errorf("%d frames on %d interfaces, want %d on 3", len(got), len(r.Interfaces()), len(want))
	}
}

// Records stand where they belong in time: none before an older frame.
func TestRecordsStandInOrderOfTime(t *testing.T) {
	capture, _ := write(t, source(t, exporttest.New(exporttest.Options{Files: 3, Offset: time.Minute})))
	copied, _ := readAll(t, capture)
	if !slices.IsSortedFunc(copied, func(a, b read) int { return a.Time.Compare(b.Time) }) {
		t.Error("the copy is not in order of time")
	}
	if first := copied[0]; first.device != annotate.ActionsInterface || !first.Time.Equal(exporttest.Epoch.Add(time.Minute)) {
		t.Errorf("the first record is at %v on %s, want the initial setting on the recording's clock", first.Time, first.device)
	}
}

func TestCommentsSayStepSlotAndDelay(t *testing.T) {
	s := source(t, exporttest.New(exporttest.Options{Offset: -3 * time.Hour}))
	capture, _ := write(t, s)
	copied, section := readAll(t, capture)
	var all []string
	for _, f := range copied {
		all = append(all, f.comments...)
	}
	slot := s.Verdict.Trials[s.Trace.Points[slices.IndexFunc(s.Trace.Points, func(p analysis.Point) bool { return p.Step >= 0 && p.Slot >= 0 })].Slot]
	want := "P1 step 1 of 3: out tls-record 100 B, slot " + strconv.Itoa(slot.Slot+1) + " " + slot.Action + " +" + strconv.Itoa(120+slot.Slot) + " ms"
	if !slices.Contains(all, want) {
		t.Errorf("no comment is %q; the first are %q", want, all[:2])
	}
	about := strings.Join(section.Comments, "\n")
	for _, words := range []string{"run=" + s.Run.ID, "simulated=true", "verdict=cloud-visible", "P1 step 3 of 3"} {
		if !strings.Contains(about, words) {
			t.Errorf("the file does not say %q of itself:\n%s", words, about)
		}
	}
}

// Packets that the pattern's steps match outside the windows of commands say so.
func TestCommentsTellPacketsBesideTheActions(t *testing.T) {
	s := source(t, exporttest.New(exporttest.Options{}))
	control := slices.IndexFunc(s.Verdict.Trials, func(t analysis.Trial) bool { return t.Control })
	n := 0
	for i := range s.Trace.Points {
		if p := &s.Trace.Points[i]; p.Step >= 0 && n < 2 {
			p.Slot = []int{-1, control}[n]
			n++
		}
	}
	capture, _ := write(t, s)
	text := string(capture)
	for _, words := range []string{"B, outside every window", "slot " + strconv.Itoa(s.Verdict.Trials[control].Slot+1) + " control "} {
		if !strings.Contains(text, words) {
			t.Errorf("no comment says %q", words)
		}
	}
}

// Whatever names an attacker chose, comments and records are one line of
// printable characters.
func TestHostileNamesAreEscaped(t *testing.T) {
	s := source(t, exporttest.New(samples()["hostile names"]))
	s.Verdict.Pattern.Steps[0].Name = exporttest.Hostile
	s.Run.Plan.Experiment.Light = exporttest.Hostile
	s.Run.Recordings[0].Interface = exporttest.Hostile
	for i := range s.Trace.Points {
		s.Trace.Points[i].Detail = strings.Repeat(exporttest.Hostile, 5000)
	}
	capture, _ := write(t, s)
	copied, section := readAll(t, capture)
	texts := section.Comments
	for _, f := range copied {
		texts = append(append(texts, f.comments...), f.device)
		if f.device == annotate.ActionsInterface {
			_, message, _ := bytes.Cut(f.Data, []byte("<134>"))
			texts = append(texts, string(message))
		}
	}
	for _, text := range texts {
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }); i >= 0 {
			t.Fatalf("%.60q holds %q", text, text[i:min(i+4, len(text))])
		}
	}
}

func TestEqualSourcesGiveEqualBytes(t *testing.T) {
	first, _ := write(t, source(t, exporttest.New(exporttest.Options{Files: 2})))
	second, _ := write(t, source(t, exporttest.New(exporttest.Options{Files: 2})))
	if !bytes.Equal(first, second) {
		t.Error("two copies of one run differ")
	}
}

// A recording without frames still has its commands; a damaged one is copied as
// far as it can be, and says so; a disk that is full is an error.
func TestWhatCannotBeCopied(t *testing.T) {
	s := source(t, exporttest.New(exporttest.Options{}))
	whole := s.Frames
	s.Frames = func(func(traffic.Frame, error) bool) {}
	capture, sum := write(t, s)
	if copied, _ := readAll(t, capture); len(copied) != 14 || len(sum.Warnings) != 2 || !strings.Contains(sum.Warnings[0], "not in the recording any more") {
		t.Errorf("of an empty recording: %d records, warnings %q", len(copied), sum.Warnings)
	}
	s.Frames = damaged(whole)
	if _, sum := write(t, s); len(sum.Warnings) != 1 || sum.Warnings[0] != "a file is damaged" || sum.Matched != 12 {
		t.Errorf("of a damaged recording: %+v", sum)
	}
	s.Frames = whole
	if _, err := annotate.Write(full{}, s); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("onto a full disk: %v", err)
	}
}

func damaged(whole iter.Seq2[traffic.Frame, error]) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		n := 0
		for f, err := range whole {
			if n++; n == 5 && !yield(traffic.Frame{}, errors.New("a file is damaged")) {
				return
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

// The filters of the package doc select exactly what they say, asked of the real
// tshark.
func TestTsharkSelectsExactlyTheMarkedPackets(t *testing.T) {
	needTshark(t)
	for name, o := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := source(t, exporttest.New(o))
			capture, _ := write(t, s)
			copied, _ := readAll(t, capture)
			path := filepath.Join(t.TempDir(), "copy.pcapng")
			if err := os.WriteFile(path, capture, 0o600); err != nil {
				t.Fatal(err)
			}
			var records []int
			for i, f := range copied {
				if f.device == annotate.ActionsInterface {
					records = append(records, i+1)
				}
			}
			var matched []int
			for number := range expected(s, copied) {
				matched = append(matched, number)
			}
			slices.Sort(matched)
			check(t, path, `frame.interface_name == "actions"`, records)
			check(t, path, `frame.comment contains "P1 step"`, matched)
			check(t, path, `frame.interface_name == "actions" && (_ws.malformed || !syslog)`, nil)
			for _, trial := range s.Verdict.Trials[:min(2, o.Files)] { // starting tshark is slow
				check(t, path, `frame.comment contains "slot `+strconv.Itoa(trial.Slot+1)+` "`, inSlot(s, copied, trial.Slot))
			}
		})
	}
}

// inSlot are the numbers of the matched packets of a slot.
func inSlot(s annotate.Source, copied []read, slot int) (numbers []int) {
	at := map[int64]bool{}
	for _, p := range s.Trace.Points {
		if p.Step >= 0 && p.Slot >= 0 && s.Verdict.Trials[p.Slot].Slot == slot {
			at[p.Time.UnixNano()] = true
		}
	}
	for i, f := range copied {
		if f.device != annotate.ActionsInterface && at[f.Time.UnixNano()] {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

func needTshark(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal("needs tshark")
		}
		t.Skip("needs tshark")
	}
}

// check demands that a display filter selects exactly the frames of these
// numbers, and that tshark has no complaint.
func check(t *testing.T, path, filter string, want []int) {
	t.Helper()
	cmd := exec.Command("tshark", "-n", "-r", path, "-Y", filter, "-T", "fields", "-e", "frame.number")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	said := strings.TrimSpace(strings.ReplaceAll(complaint.String(), `Running as user "root" and group "root". This could be dangerous.`, ""))
	if err != nil || said != "" {
		t.Fatalf("tshark -Y %s: %v: %s", filter, err, said)
	}
	var got []int
	for _, line := range strings.Fields(string(out)) {
		n, _ := strconv.Atoi(line)
		got = append(got, n)
	}
	if !slices.Equal(got, want) {
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		t.Errorf("%s selects %s, want %s", filter, a, b)
	}
}
