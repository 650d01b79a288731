package decode_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// fields of tshark that say what a Packet should hold.
var fields = []string{
	"frame.number", "frame.len", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
	"tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.seq_raw", "tcp.len", "udp.length",
}

// withTshark returns one line per frame of a capture file.
func withTshark(t *testing.T, path string) []string {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal(err)
		}
		t.Skip("needs tshark: install it to compare the decoding")
	}
	args := []string{"-n", "-r", path, "-T", "fields", "-E", "occurrence=f", "-E", "separator=|"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command(tshark, args...).Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// asTshark writes a packet as tshark does.
func asTshark(p *traffic.Packet) string {
	v := map[string]any{"frame.number": p.Number, "frame.len": p.Wire}
	if p.Protocol != traffic.ProtocolARP && p.Src.IsValid() {
		version := "ip"
		if p.Src.Is6() {
			version = "ipv6"
		}
		v[version+".src"], v[version+".dst"] = p.Src, p.Dst
	}
	switch {
	case p.Fragment:
	case p.Protocol == traffic.ProtocolTCP:
		v["tcp.srcport"], v["tcp.dstport"], v["tcp.seq_raw"], v["tcp.len"] = p.SrcPort, p.DstPort, p.Seq, p.Length
	case p.Protocol == traffic.ProtocolUDP:
		v["udp.srcport"], v["udp.dstport"], v["udp.length"] = p.SrcPort, p.DstPort, p.Length+8
	}
	var line []string
	for _, f := range fields {
		s := ""
		if x, ok := v[f]; ok {
			s = fmt.Sprint(x)
		}
		line = append(line, s)
	}
	return strings.Join(line, "|")
}

func TestPacketsAgreeWithTshark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drawn.pcap")
	write(t, path)
	paths := []string{path}
	dir := os.Getenv("HUEPRINT_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	found, _ := filepath.Glob(filepath.Join(dir, "tplink-plug", "*", "capture.pcap"))
	for _, path := range append(paths, found...) {
		want := withTshark(t, path)
		n := 0
		for p, err := range decode.Packets(read(t, path), nil) {
			if err != nil {
				t.Fatal(err)
			}
			if got := asTshark(&p); n < len(want) && got != want[n] {
				t.Errorf("%s:\ngot  %s\nwant %s", filepath.Base(filepath.Dir(path)), got, want[n])
			}
			n++
		}
		if n != len(want) {
			t.Errorf("%s: %d packets, tshark has %d", path, n, len(want))
		}
	}
}

// write makes a capture of arbitrary frames, cut to 100 bytes.
func write(t *testing.T, path string) {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(100, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	frames := rapid.Custom(func(rt *rapid.T) []byte { return drawn(rt, t) })
	for i := range 200 {
		data := frames.Example(i)
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(int64(i), 0), Length: len(data), CaptureLength: min(100, len(data))}
		if err := w.WritePacket(ci, data[:ci.CaptureLength]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// read yields the frames of an Ethernet capture.
func read(t *testing.T, path string) func(func(traffic.Frame, error) bool) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var next func() ([]byte, gopacket.CaptureInfo, error)
	if ng, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.DefaultNgReaderOptions); err == nil {
		next = ng.ReadPacketData
	} else if old, err := pcapgo.NewReader(bytes.NewReader(data)); err == nil {
		next = old.ReadPacketData
	} else {
		t.Fatal(err)
	}
	return func(yield func(traffic.Frame, error) bool) {
		for n := 1; ; n++ {
			b, ci, err := next()
			if err != nil || !yield(traffic.Frame{Time: ci.Timestamp, Link: traffic.LinkEthernet, Data: b, Wire: ci.Length, Number: n}, nil) {
				return
			}
		}
	}
}
