package pcapng

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
)

// readAll reads every frame, with a copy of its data and its comments.
func readAll(r io.Reader) (frames []traffic.Frame, notes [][]string, err error) {
	c, err := NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	for {
		f, err := c.Next()
		if err == io.EOF {
			return frames, notes, nil
		}
		if err != nil {
			return frames, notes, err
		}
		f.Data = bytes.Clone(f.Data)
		frames, notes = append(frames, f), append(notes, c.Comments())
	}
}

// capture writes n frames of growing size, a second apart.
func capture(t testing.TB, n int) []byte {
	t.Helper()
	var file bytes.Buffer
	w := begin(t, &file)
	for i := range n {
		if err := w.Frame(0, ethernet(start.Add(time.Duration(i)*time.Second), 60+i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		section := Section{
			Application: text.Draw(t, "application"), Hardware: text.Draw(t, "hardware"), OS: text.Draw(t, "os"),
			Comments: rapid.SliceOfN(text, 1, 3).Filter(full).Draw(t, "comments"),
		}
		w, err := NewWriter(&file, section)
		check(t, err)
		var interfaces []Interface
		for i := range rapid.IntRange(1, 3).Draw(t, "interfaces") {
			in := Interface{
				Name: text.Draw(t, "name"), Description: text.Draw(t, "description"), Filter: text.Draw(t, "filter"),
				Link: traffic.LinkType(rapid.SampledFrom([]int{0, 1, 101, 113, 276}).Draw(t, "link")), Resolution: 9,
			}
			id, err := w.AddInterface(in)
			check(t, err)
			if id != i {
				t.Fatalf("interface %d is numbered %d", i, id)
			}
			interfaces = append(interfaces, in)
		}
		var want []traffic.Frame
		var notes [][]string
		for i := range rapid.IntRange(0, 20).Draw(t, "frames") {
			id := rapid.IntRange(0, len(interfaces)-1).Draw(t, "interface")
			data := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "data")
			f := traffic.Frame{
				Time: time.Unix(0, rapid.Int64Range(0, 1<<62).Draw(t, "time")).UTC(), Link: interfaces[id].Link,
				Data: data, Wire: len(data) + rapid.IntRange(0, 2000).Draw(t, "cut"), Number: i + 1,
			}
			note := rapid.SliceOfN(text, 0, 2).Filter(full).Draw(t, "notes")
			check(t, w.Frame(id, f, note...))
			want, notes = append(want, f), append(notes, note)
		}
		check(t, w.Flush())

		c, err := NewReader(bytes.NewReader(file.Bytes()))
		check(t, err)
		for i := range want {
			got, err := c.Next()
			check(t, err)
			if diff := cmp.Diff(want[i], got); diff != "" {
				t.Fatalf("frame %d: %s", i, diff)
			}
			if got := c.Comments(); strings.Join(got, "\x00") != strings.Join(notes[i], "\x00") {
				t.Fatalf("frame %d has comments %q, want %q", i, got, notes[i])
			}
		}
		if _, err := c.Next(); err != io.EOF {
			t.Fatalf("the end is %v", err)
		}
		if diff := cmp.Diff(interfaces, c.Interfaces()); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(section, c.Section()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// text is what an option can hold and give back: no zero at its end.
var text = rapid.StringMatching(`[a-zäß€ =.]{0,12}`)

func full(list []string) bool {
	for _, s := range list {
		if s == "" {
			return false
		}
	}
	return true
}

func check(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// classicFile is a pcap file of one frame of the given link type.
func classicFile(order binary.AppendByteOrder, magic, link uint32, fraction uint32, data []byte, wire int) []byte {
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	for _, v := range []uint32{0, 0, 65535, link, 1_700_000_000, fraction, uint32(len(data)), uint32(wire)} {
		b = order.AppendUint32(b, v)
	}
	if magic == 0xA1B2CD34 {
		b = append(b, make([]byte, 8)...)
	}
	return append(b, data...)
}

func TestClassicForms(t *testing.T) {
	data := []byte{0x45, 1, 2, 3, 4, 5}
	for _, test := range []struct {
		name            string
		order           binary.AppendByteOrder
		magic, fraction uint32
		link            uint32
		wantLink        traffic.LinkType
		wantNanos       int64
		wire            int
	}{
		{"little endian µs", binary.LittleEndian, 0xA1B2C3D4, 123456, 1, 1, 123456000, 6},
		{"big endian µs", binary.BigEndian, 0xA1B2C3D4, 123456, 1, 1, 123456000, 6},
		{"little endian ns", binary.LittleEndian, 0xA1B23C4D, 123456789, 1, 1, 123456789, 6},
		{"big endian ns, raw IP", binary.BigEndian, 0xA1B23C4D, 123456789, 101, traffic.LinkRaw, 123456789, 6},
		{"raw IP by its BSD number", binary.LittleEndian, 0xA1B2C3D4, 0, 12, traffic.LinkRaw, 0, 6},
		{"Linux cooked", binary.LittleEndian, 0xA1B2C3D4, 0, 113, traffic.LinkLinuxSLL, 0, 6},
		{"cut to headers", binary.LittleEndian, 0xA1B2C3D4, 0, 1, 1, 0, 1514},
		{"Kuznetzov's", binary.BigEndian, 0xA1B2CD34, 5, 1, 1, 5000, 6},
	} {
		frames, _, err := readAll(bytes.NewReader(classicFile(test.order, test.magic, test.link, test.fraction, data, test.wire)))
		want := []traffic.Frame{{
			Time: time.Unix(1_700_000_000, test.wantNanos).UTC(), Link: test.wantLink, Data: data, Wire: test.wire, Number: 1,
		}}
		if diff := cmp.Diff(want, frames); diff != "" || err != nil {
			t.Errorf("%s: %v %s", test.name, err, diff)
		}
	}
}

func TestFrameCheckSequenceIsNoPartOfTheFrame(t *testing.T) {
	file := classicFile(binary.LittleEndian, 0xA1B2C3D4, 1|1<<26|2<<28, 0, make([]byte, 64), 64)
	frames, _, err := readAll(bytes.NewReader(file))
	if err != nil || len(frames) != 1 || frames[0].Wire != 60 || len(frames[0].Data) != 60 {
		t.Errorf("got %v, %v; want one frame of 60 bytes", frames, err)
	}
}

// block puts a pcapng block together.
func block(order binary.AppendByteOrder, kind uint32, body ...any) []byte {
	var b []byte
	for _, v := range body {
		switch v := v.(type) {
		case uint16:
			b = order.AppendUint16(b, v)
		case uint32:
			b = order.AppendUint32(b, v)
		case uint64:
			b = order.AppendUint64(b, v)
		case []byte:
			b = append(b, v...)
			b = append(b, make([]byte, padded(len(v))-len(v))...)
		}
	}
	length := uint32(len(b) + 12)
	out := order.AppendUint32(order.AppendUint32(nil, kind), length)
	return order.AppendUint32(append(out, b...), length)
}

func section(order binary.AppendByteOrder) []byte {
	return block(order, blockSection, uint32(byteOrderMagic), uint16(1), uint16(0), ^uint64(0))
}

func TestOldAndForeignBlocks(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	data := []byte{1, 2, 3, 4, 5}
	var file []byte
	for _, b := range [][]byte{
		section(be),
		block(be, blockInterface, uint16(1), uint16(0), uint32(0),
			uint16(optResolution), uint16(1), []byte{0x80 | 1}, // halves of a second
			uint16(optOffset), uint16(8), uint64(100)),
		block(be, 0x0000000B, make([]byte, bufferSize+400)), // unknown and longer than the buffer
		block(be, blockEnhanced, uint32(0), uint32(0), uint32(3), uint32(5), uint32(9), data),
		block(be, blockPacket, uint16(0), uint16(7), uint32(0), uint32(4), uint32(5), uint32(5), data),
		section(le), // another byte order, and all interfaces forgotten
		block(le, blockInterface, uint16(101), uint16(0), uint32(3)),
		block(le, blockInterface, uint16(113), uint16(0), uint32(0), uint16(optFCS), uint16(1), []byte{2}),
		block(le, blockSimple, uint32(5), data[:3]),
		block(le, blockEnhanced, uint32(1), uint32(0), uint32(1_000_001), uint32(5), uint32(5), data),
	} {
		file = append(file, b...)
	}
	frames, _, err := readAll(bytes.NewReader(file))
	want := []traffic.Frame{
		{Time: time.Unix(101, 500_000_000).UTC(), Link: 1, Data: data, Wire: 9, Number: 1},
		{Time: time.Unix(102, 0).UTC(), Link: 1, Data: data, Wire: 5, Number: 2},
		{Link: 101, Data: data[:3], Wire: 5, Number: 3},
		{Time: time.Unix(1, 1000).UTC(), Link: 113, Data: data[:3], Wire: 3, Number: 4},
	}
	if diff := cmp.Diff(want, frames); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestStatisticsAreRead(t *testing.T) {
	var file bytes.Buffer
	w := begin(t, &file)
	want := Statistics{Received: 1 << 40, Dropped: 3, Start: start, End: start.Add(time.Minute)}
	check(t, w.Statistics(0, want))
	check(t, w.Flush())
	c, err := NewReader(&file)
	check(t, err)
	if _, err := c.Next(); err != io.EOF {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Statistics{want}, c.Statistics()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryCutYieldsTheWholeFramesBefore(t *testing.T) {
	file := capture(t, 3)
	whole := map[int]bool{} // the ends of blocks
	for end := 0; end < len(file); whole[end] = true {
		end += int(binary.LittleEndian.Uint32(file[end+4:]))
	}
	for cut := range len(file) {
		frames, _, err := readAll(iotest.OneByteReader(bytes.NewReader(file[:cut])))
		var e *Error
		switch {
		case cut == 0 && !errors.Is(err, ErrEmpty):
			t.Fatalf("empty: %v", err)
		case whole[cut] != (err == nil):
			t.Fatalf("cut %d, between blocks %v: %v", cut, whole[cut], err)
		case cut > 0 && err != nil && (!errors.As(err, &e) || e.Kind != ErrTruncated || e.Frames != len(frames) || e.Offset > int64(cut)):
			t.Fatalf("cut %d: %v after %d frames", cut, err, len(frames))
		}
	}
}

func pack(t testing.TB, how string, plain io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if how == "zstd" {
		w, _ = zstd.NewWriter(&b)
	}
	if _, err := io.Copy(w, plain); err != nil {
		t.Fatal(err)
	}
	check(t, w.Close())
	return b.Bytes()
}

func TestPacked(t *testing.T) {
	plain := capture(t, 50)
	for _, how := range []string{"gzip", "zstd"} {
		packed := pack(t, how, bytes.NewReader(plain))
		frames, _, err := readAll(bytes.NewReader(packed))
		if err != nil || len(frames) != 50 {
			t.Errorf("%s: %d frames, %v", how, len(frames), err)
		}
		_, _, err = readAll(bytes.NewReader(packed[:len(packed)-9]))
		if !errors.Is(err, ErrTruncated) {
			t.Errorf("%s, cut: %v", how, err)
		}
		broken := bytes.Clone(packed)
		broken[len(broken)/2] ^= 0xff
		broken[len(broken)-2] ^= 0xff
		if _, _, err = readAll(bytes.NewReader(broken)); err == nil || !errors.As(err, new(*Error)) {
			t.Errorf("%s, damaged: %v", how, err)
		}
	}
}

// TestBombs feeds a few kilobytes that claim to be megabytes, which are free up
// to a bound and then refused.
func TestBombs(t *testing.T) {
	head := section(binary.LittleEndian)
	zeros := block(binary.LittleEndian, 0x0B, make([]byte, 2<<20))
	for _, how := range []string{"gzip", "zstd"} {
		bomb := pack(t, how, io.MultiReader(bytes.NewReader(head), bytes.NewReader(bytes.Repeat(zeros, 3))))
		for free, want := range map[int64]error{1 << 20: ErrExpansion, 8 << 20: io.EOF} {
			c, err := NewReaderOptions(bytes.NewReader(bomb), Options{free: free})
			check(t, err)
			if _, err := c.Next(); !errors.Is(err, want) {
				t.Errorf("%s bomb of %d bytes with %d MiB free: %v, want %v", how, len(bomb), free>>20, err, want)
			}
		}
	}
}

// TestHostileSizesCostNoMemory reads files of a few bytes that claim much. The
// window of zstd is the one thing that is believed, up to what zstd itself uses.
func TestHostileSizesCostNoMemory(t *testing.T) {
	le := binary.LittleEndian
	described := append(section(le), block(le, blockInterface, uint16(1), uint16(0), uint32(0))...)
	record := classicFile(le, 0xA1B2C3D4, 1, 0, nil, 60)
	le.PutUint32(record[32:], 1<<31-1)
	for _, test := range []struct {
		name string
		file []byte
		most uint64
	}{
		{"block", append(described, le.AppendUint32(le.AppendUint32(nil, blockEnhanced), 0xfffffff0)...), 2 << 20},
		{"pcap frame", record, 2 << 20},
		{"zstd window of 128 MiB", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00}, maxWindow + 4<<20},
		{"zstd window of 1 GiB", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00}, 4 << 20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := readAll(bytes.NewReader(test.file))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > test.most || err == nil {
			t.Errorf("%s: %d MiB allocated for %d bytes (%v)", test.name, used>>20, len(test.file), err)
		}
	}
}

func TestRefusals(t *testing.T) {
	le := binary.LittleEndian
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	described := join(section(le), block(le, blockInterface, uint16(1), uint16(0), uint32(0)))
	hostile := func(kind, length uint32) []byte {
		return append(le.AppendUint32(le.AppendUint32(nil, kind), length), make([]byte, 64)...)
	}
	for _, test := range []struct {
		name string
		file []byte
		kind error
		want string
	}{
		{"empty", nil, ErrEmpty, "empty"},
		{"CSV", []byte("time,action\n1,on\n"), ErrNotCapture, `text that begins "time,action`},
		{"zip", []byte("PK\x03\x04abcdefgh"), ErrNotCapture, "zip"},
		{"gzip within gzip", pack(t, "gzip", bytes.NewReader(pack(t, "gzip", strings.NewReader("x")))), ErrNotCapture, "gzip within gzip"},
		{"binary", []byte{0xff, 0xfe, 0, 1}, ErrNotCapture, "ff fe 00 01"},
		{"three bytes", []byte{0xd4, 0xc3, 0xb2}, ErrTruncated, "only 3 bytes"},
		{"three other bytes", []byte{0xd4, 0xc3, 0xb3}, ErrNotCapture, "d4 c3 b3"},
		{"huge frame", join(described, hostile(blockEnhanced, 0xfffffff0)), ErrCorrupt, "4294967280"},
		{"odd block", join(described, hostile(blockEnhanced, 33)), ErrCorrupt, "length of 33"},
		{"tiny block", join(described, hostile(77, 4)), ErrCorrupt, "length of 4"},
		{"endless unknown block", join(described, hostile(77, 0xfffffffc)), ErrTruncated, "missing"},
		{"zeros", join(described, make([]byte, 4096)), ErrTruncated, "zeros"},
		{"other end length", join(described, append(block(le, blockEnhanced, make([]byte, 20))[:28], 1, 2, 3, 4)), ErrCorrupt, "at its end"},
		{"undescribed interface", join(section(le), block(le, blockEnhanced, make([]byte, 20))), ErrCorrupt, "not described"},
		{"frame beyond its block", join(described, block(le, blockEnhanced, make([]byte, 12), uint32(9), uint32(9), make([]byte, 4))), ErrCorrupt, "room for 4"},
		{"clock of 10^-40", join(section(le), block(le, blockInterface, uint16(1), uint16(0), uint32(0), uint16(optResolution), uint16(1), []byte{40})), ErrCorrupt, "if_tsresol"},
		{"version 9", block(le, blockSection, uint32(byteOrderMagic), uint16(9), uint16(0), ^uint64(0)), ErrCorrupt, "version 9"},
		{"no byte order", block(le, blockSection, uint32(1), uint16(9), uint16(0), ^uint64(0)), ErrCorrupt, "magic"},
		{"pcap, huge frame", classicFile(le, 0xA1B2C3D4, 1, 0, make([]byte, MaxFrame+1), 1), ErrCorrupt, "claims"},
		{"pcap, mad time", classicFile(le, 0xA1B2C3D4, 1, 4e9, nil, 1), ErrCorrupt, "fraction"},
		{"pcap, zeros", join(classicFile(le, 0xA1B2C3D4, 1, 0, nil, 1), make([]byte, 400)), ErrTruncated, "zeros"},
	} {
		_, _, err := readAll(bytes.NewReader(test.file))
		if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q with %q", test.name, err, test.kind, test.want)
		}
	}
}

func TestReaderKeepsForeignErrors(t *testing.T) {
	disk := errors.New("input/output error")
	for _, file := range [][]byte{capture(t, 2), pack(t, "gzip", bytes.NewReader(capture(t, 300)))} {
		broken := io.MultiReader(bytes.NewReader(file[:len(file)-20]), iotest.ErrReader(disk))
		if _, _, err := readAll(broken); !errors.Is(err, disk) || errors.Is(err, ErrCorrupt) {
			t.Errorf("got %v, want the disk's error", err)
		}
	}
}

func TestFramesEndsWithTheError(t *testing.T) {
	file := capture(t, 3)
	var seen []string
	for f, err := range Frames(bytes.NewReader(file[:len(file)-1])) {
		seen = append(seen, fmt.Sprint(f.Number, err != nil))
	}
	if want := []string{"1 false", "2 false", "0 true"}; !cmp.Equal(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

// TestAgreesWithTshark reads real captures of other people's tools.
func TestAgreesWithTshark(t *testing.T) {
	root := os.Getenv("HUEPRINT_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	files, _ := filepath.Glob(filepath.Join(root, "*", "*", "*.pcap*"))
	more, _ := filepath.Glob(filepath.Join(root, "*", "*.pcap*"))
	files = append(files, more...)
	if len(files) == 0 {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal("needs the captures in HUEPRINT_DATA")
		}
		t.Skip("needs captures: there are none in ", root)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		check(t, err)
		want := tshark(t, raw, "-T", "fields", "-E", "separator=|", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len")
		var got strings.Builder
		for f, err := range Frames(bytes.NewReader(raw)) {
			check(t, err)
			fmt.Fprintf(&got, "%d|%d.%09d|%d|%d\n", f.Number, f.Time.Unix(), f.Time.Nanosecond(), f.Wire, len(f.Data))
		}
		if got.String() != want {
			t.Errorf("%s: frames differ from tshark's: %s", name, firstDifference(got.String(), want))
		}
	}
}

func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return fmt.Sprintf("line %d: %q, tshark %q", i+1, as[i], bs[i])
		}
	}
	return fmt.Sprintf("%d lines, tshark %d", len(as), len(bs))
}

// FuzzReader demands that no bytes make the reader panic, hand out too much, or
// go on after an error.
func FuzzReader(f *testing.F) {
	le, be := binary.LittleEndian, binary.BigEndian
	whole := capture(f, 2)
	f.Add(whole)
	f.Add(classicFile(be, 0xA1B23C4D, 101, 7, []byte{0x45, 0}, 40))
	f.Add(classicFile(le, 0xA1B2CD34, 1|1<<26|1<<28, 7, []byte{0x45, 0, 1, 1}, 4))
	f.Add(pack(f, "gzip", bytes.NewReader(whole)))
	f.Add(pack(f, "zstd", bytes.NewReader(whole)))
	f.Add(append(section(be), block(be, blockInterface, uint16(1), uint16(0), uint32(0), uint16(optResolution), uint16(1), []byte{0xbf})...))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		for number := 1; ; number++ {
			frame, err := c.Next()
			if err != nil {
				if _, again := c.Next(); again != err {
					t.Fatalf("after %v comes %v", err, again)
				}
				return
			}
			c.Comments()
			if frame.Number != number || len(frame.Data) > MaxFrame || frame.Wire < len(frame.Data) {
				t.Fatalf("frame %d: number %d, %d bytes of %d", number, frame.Number, len(frame.Data), frame.Wire)
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	const n = 100_000
	var ng bytes.Buffer
	w := begin(b, &ng)
	f := ethernet(start, 650)
	old := classicFile(binary.LittleEndian, 0xA1B2C3D4, 1, 0, f.Data, 650)
	for range n {
		check(b, w.Frame(0, f))
	}
	check(b, w.Flush())
	old = append(old[:24:24], bytes.Repeat(old[24:], n)...)
	for name, file := range map[string][]byte{"pcapng": ng.Bytes(), "pcap": old} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				frames := 0
				for _, err := range Frames(bytes.NewReader(file)) {
					check(b, err)
					frames++
				}
				if frames != n {
					b.Fatal(frames)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/frame")
		})
	}
}
