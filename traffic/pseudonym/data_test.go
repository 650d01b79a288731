package pseudonym

import (
	"bytes"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
	"github.com/hueprint/hueprint/traffic/redact"
)

// mappedFrames reads a capture as it will be published; nil leaves it as it is.
func mappedFrames(t *testing.T, path string, m *Mapper) iter.Seq2[traffic.Frame, error] {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keeper := redact.NewKeeper(traffic.KeepRecords)
	return func(yield func(traffic.Frame, error) bool) {
		for f, err := range pcapng.Frames(bytes.NewReader(data)) {
			if err == nil && m != nil {
				f = keeper.Frame(f)
				f = m.Frame(f, keeper.Fields())
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// mapLog maps what an original log names.
func mapLog(log *events.Log, m *Mapper) {
	for i := range log.Events {
		e := &log.Events[i]
		e.Peer = m.Addr(e.Peer)
		e.Channel.Name = mapName(e.Channel.Name, m)
		if name, kind, ok := strings.Cut(e.Detail, " "); ok && e.Kind == events.DNSQuestion {
			e.Detail = m.Name(name) + " " + kind
		}
	}
}

func mapName(name string, m *Mapper) string {
	if addr, err := netip.ParseAddr(name); err == nil {
		return m.Addr(addr).String()
	}
	return m.Name(name)
}

// What is published has the same events as the original, under other names.
func TestPublishedCapturesGiveTheSameEvents(t *testing.T) {
	root := os.Getenv("HUEPRINT_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	captures, _ := filepath.Glob(filepath.Join(root, "tplink-plug", "*", "capture.pcap"))
	if len(captures) == 0 {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal("needs the development captures")
		}
		t.Skip("needs the development captures (set HUEPRINT_DATA)")
	}
	for _, path := range captures {
		for _, names := range []Names{KeepNames, HashNames} {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "gateway.txt"))
			if err != nil {
				t.Fatal(err)
			}
			m := newMapper(names)
			addr := netip.MustParseAddr(strings.TrimSpace(string(text)))
			log := func(m *Mapper, addr netip.Addr) events.Log {
				l, err := events.Extract(decode.Packets(mappedFrames(t, path, m), nil), traffic.Gateway{Addrs: []netip.Addr{addr}}, traffic.Peers{})
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			want, got := log(nil, addr), log(m, m.Addr(addr))
			mapLog(&want, m)
			if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("%s, names %s: original (−) and published (+) differ:\n%.3000s", path, names, d)
			}
		}
	}
}
