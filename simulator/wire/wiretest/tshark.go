package wiretest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// faults are what tshark's display filters find wrong with frames.
var faults = []string{
	"_ws.malformed", "tcp.analysis.retransmission", "tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment",
	"tcp.analysis.out_of_order", "tcp.analysis.duplicate_ack", "tcp.analysis.reused_ports", "ip.checksum.status == 0",
	"tcp.checksum.status == 0", "udp.checksum.status == 0", "icmp.checksum.status == 0", "arp.duplicate-address-detected",
}

// faultless demands that the reference dissector finds nothing wrong with a
// recording of all kinds of traffic. Tshark runs outside of virtual time.
func faultless(t *testing.T, open Open, around Around) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatalf("needs tshark: %v", err)
		}
		t.Skipf("needs tshark: %v", err)
	}
	var frames []traffic.Frame
	around(t, func(t *testing.T) { frames = allKinds(t, open) })
	file := filepath.Join(t.TempDir(), "gateway.pcap")
	writeCapture(t, file, frames)
	if got := dissect(t, tshark, file, strings.Join(faults, " or ")); got != "" {
		t.Errorf("tshark finds fault with:\n%s", got)
	}
	if got := strings.Count(dissect(t, tshark, file, "frame"), "\n"); got != len(frames) {
		t.Errorf("tshark reads %d frames of %d", got, len(frames))
	}
}

// allKinds makes traffic over lines that delay, where the wire can, and returns
// what the gateway's tap saw.
func allKinds(t *testing.T, open Open) []traffic.Frame {
	o := wire.Options{Home: home, Router: routerAddr,
		Delay: 200 * time.Microsecond, CloudDelay: 5 * time.Millisecond, Jitter: 300 * time.Microsecond, Seed: 11}
	n, err := open(o)
	if errors.Is(err, wire.ErrLine) {
		o.Delay, o.CloudDelay, o.Jitter = 0, 0, 0
	} else if err == nil {
		n.Close()
	}
	l := newLab(t, open, o)
	defer l.close()
	for _, kind := range []func(*lab){recordSizes, halfCloseInHome, refused, datagrams, datagramRefused, lookup, ping, multicast, overHTTP} {
		kind(l)
	}
	l.echo(l.phone, 64<<10)
	return l.seen()
}

// halfCloseInHome is an exchange on one more port and one more host.
func halfCloseInHome(l *lab) {
	cloud := l.cloud
	defer func() { l.cloud = cloud }()
	l.cloud = l.phone
	halfClose(l)
}

// dissect lists the frames that the display filter selects.
func dissect(t *testing.T, tshark, file, filter string) string {
	t.Helper()
	out, err := exec.Command(tshark, "-n", "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-o", "udp.check_checksum:TRUE", "-Y", filter).Output()
	if err != nil {
		t.Fatalf("tshark -Y %q: %v", filter, err)
	}
	return string(out)
}

func writeCapture(t *testing.T, name string, frames []traffic.Frame) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := pcapgo.NewWriterNanos(file)
	if err := w.WriteFileHeader(1<<16, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		info := gopacket.CaptureInfo{Timestamp: f.Time, CaptureLength: len(f.Data), Length: f.Wire}
		if err := w.WritePacket(info, f.Data); err != nil {
			t.Fatal(err)
		}
	}
}
