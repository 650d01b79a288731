package events_test

import (
	"bytes"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// dataFolder finds the third-party captures, or skips.
func dataFolder(t testing.TB) string {
	dir := os.Getenv("HUEPRINT_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "tplink-plug")); err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatalf("needs the development captures: %v", err)
		}
		t.Skipf("needs the development captures (set HUEPRINT_DATA): %v", err)
	}
	return dir
}

// readFrames reads a capture file.
func readFrames(t testing.TB, path string) iter.Seq2[traffic.Frame, error] {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return pcapng.Frames(bytes.NewReader(data))
}

func gatewayOf(t testing.TB, dir string) traffic.Gateway {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "gateway.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return traffic.Gateway{Name: "plug", Addrs: []netip.Addr{netip.MustParseAddr(strings.TrimSpace(string(text)))}}
}

func TestPlugNotificationsAppearOnceEach(t *testing.T) {
	root := dataFolder(t)
	for _, home := range []string{"no-firewall", "base-firewall", "my-firewall"} {
		t.Run(home, func(t *testing.T) {
			dir := filepath.Join(root, "tplink-plug", home)
			var stats decode.Stats
			log, err := events.Extract(decode.Packets(readFrames(t, filepath.Join(dir, "capture.pcap")), &stats), gatewayOf(t, dir), traffic.Peers{})
			if err != nil {
				t.Fatal(err)
			}
			count := map[int]int{}
			for _, e := range log.Events {
				if e.Kind == events.TLSRecord && e.Direction == traffic.Out && (e.Length == 518 || e.Length == 519) {
					count[e.Length]++
					if e.Channel.Scope != traffic.Internet || e.Channel.Port != 443 || e.Channel.Transport != "tcp" {
						t.Errorf("channel %+v, want the cloud's on tcp 443", e.Channel)
					}
				}
			}
			if count[518] != 7 || count[519] != 7 {
				t.Errorf("records of 518 and 519 bytes: %v, want 7 each", count)
			}
			if stats.Undecoded() != 0 {
				t.Errorf("flaws %v, want none", stats.Flaws)
			}
		})
	}
}
