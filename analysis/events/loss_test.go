package events_test

import (
	"iter"
	"path/filepath"
	"testing"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// notifications counts the plug's outgoing records of 518 and 519 bytes.
func notifications(log events.Log) int {
	n := 0
	for _, e := range log.Events {
		if e.Kind == events.TLSRecord && e.Direction == traffic.Out && (e.Length == 518 || e.Length == 519) {
			n++
		}
	}
	return n
}

// plugLog extracts the events of one development capture whose frames went
// through change; it returns false to leave a frame out.
func plugLog(t *testing.T, home string, change func(f *traffic.Frame) bool) events.Log {
	t.Helper()
	dir := filepath.Join(dataFolder(t), "tplink-plug", home)
	frames := readFrames(t, filepath.Join(dir, "capture.pcap"))
	changed := iter.Seq2[traffic.Frame, error](func(yield func(traffic.Frame, error) bool) {
		for f, err := range frames {
			if err == nil && !change(&f) {
				continue
			}
			if !yield(f, err) {
				return
			}
		}
	})
	log, err := events.Extract(decode.Packets(changed, nil), gatewayOf(t, dir), traffic.Peers{})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// A recorder that kept 80 bytes of each frame has the record headers still.
func TestPlugNotificationsInCapturesCutToHeaders(t *testing.T) {
	for _, home := range []string{"no-firewall", "base-firewall", "my-firewall"} {
		log := plugLog(t, home, func(f *traffic.Frame) bool {
			f.Data = f.Data[:min(len(f.Data), 80)]
			return true
		})
		if n := notifications(log); n != 14 {
			t.Errorf("%s: %d notifications, want 14", home, n)
		}
	}
}

// Each connection loses its beginning: no SYN, no handshake.
func TestPlugNotificationsInStreamsWithoutBeginning(t *testing.T) {
	for _, home := range []string{"no-firewall", "base-firewall", "my-firewall"} {
		log := plugLog(t, home, func(f *traffic.Frame) bool {
			var p traffic.Packet
			decode.Frame(f, &p)
			handshake := len(p.Payload) > 0 && p.Payload[0] != 23
			return p.Protocol != traffic.ProtocolTCP || !p.Flags.Has(traffic.SYN) && !handshake
		})
		if n := notifications(log); n != 14 {
			t.Errorf("%s: %d notifications, want 14", home, n)
		}
	}
}

// Every tenth frame is missing: no record is invented, and at most those are
// lost whose every recording is missing.
func TestPlugNotificationsWithMissingFrames(t *testing.T) {
	for _, home := range []string{"no-firewall", "base-firewall", "my-firewall"} {
		for offset := range 10 {
			missing := 0
			log := plugLog(t, home, func(f *traffic.Frame) bool {
				gone := f.Number%10 == offset
				if gone && f.Wire >= 14+20+20+5+518 && f.Wire <= 14+20+32+5+519 {
					missing++
				}
				return !gone
			})
			if n := notifications(log); n > 14 || n < 14-missing {
				t.Errorf("%s without frames %d modulo 10: %d notifications, at most %d missing of 14", home, offset, n, missing)
			}
		}
	}
}
