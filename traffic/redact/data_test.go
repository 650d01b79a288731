package redact_test

import (
	"bytes"
	"iter"
	"math/rand/v2"
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

// plugs lists the folders of the development captures, or skips.
func plugs(t *testing.T) []string {
	t.Helper()
	root := os.Getenv("HUEPRINT_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	dirs, _ := filepath.Glob(filepath.Join(root, "tplink-plug", "*", "capture.pcap"))
	if len(dirs) == 0 {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal("needs the development captures")
		}
		t.Skip("needs the development captures (set HUEPRINT_DATA)")
	}
	return dirs
}

// read yields the capture's frames, as kept by keeper, and adds up their bytes.
func read(t *testing.T, path string, keeper *redact.Keeper, size *int) iter.Seq2[traffic.Frame, error] {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(traffic.Frame, error) bool) {
		for f, err := range pcapng.Frames(bytes.NewReader(data)) {
			if err == nil {
				f = keeper.Frame(f)
				*size += len(f.Data)
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// The analysis sees the same events in what is kept as in the whole.
func TestRecordsGiveTheSameEvents(t *testing.T) {
	for _, path := range plugs(t) {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			addr, err := os.ReadFile(filepath.Join(filepath.Dir(path), "gateway.txt"))
			if err != nil {
				t.Fatal(err)
			}
			gateway := traffic.Gateway{Addrs: []netip.Addr{netip.MustParseAddr(strings.TrimSpace(string(addr)))}}
			logs, sizes := map[traffic.Keep]events.Log{}, map[traffic.Keep]int{}
			for _, level := range []traffic.Keep{traffic.KeepFull, traffic.KeepRecords, traffic.KeepHeaders} {
				size := 0
				log, err := events.Extract(decode.Packets(read(t, path, redact.NewKeeper(level), &size), nil), gateway, traffic.Peers{})
				if err != nil {
					t.Fatal(err)
				}
				logs[level], sizes[level] = log, size
			}
			t.Logf("bytes kept: %v", sizes)
			if d := cmp.Diff(logs[traffic.KeepFull], logs[traffic.KeepRecords], cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Errorf("full (−) and records (+) differ:\n%.3000s", d)
			}
			if sizes[traffic.KeepRecords] >= sizes[traffic.KeepFull] || sizes[traffic.KeepHeaders] >= sizes[traffic.KeepRecords] {
				t.Errorf("bytes kept: %v", sizes)
			}
			if full, headers := logs[traffic.KeepFull], logs[traffic.KeepHeaders]; full.Packets != headers.Packets || full.Retransmissions != headers.Retransmissions {
				t.Errorf("headers: %d packets, %d repeated; full: %d, %d", headers.Packets, headers.Retransmissions, full.Packets, full.Retransmissions)
			}
		})
	}
}

// So it does where the recording begins in mid-stream and has holes.
func TestRecordsGiveTheSameEventsDespiteHoles(t *testing.T) {
	for seed, path := range plugs(t) {
		addr, err := os.ReadFile(filepath.Join(filepath.Dir(path), "gateway.txt"))
		if err != nil {
			t.Fatal(err)
		}
		gateway := traffic.Gateway{Addrs: []netip.Addr{netip.MustParseAddr(strings.TrimSpace(string(addr)))}}
		for round := range uint64(20) {
			var logs []events.Log
			for _, level := range []traffic.Keep{traffic.KeepFull, traffic.KeepRecords} {
				var size int
				frames := holed(read(t, path, redact.NewKeeper(traffic.KeepFull), &size), uint64(seed)<<8|round, redact.NewKeeper(level))
				log, err := events.Extract(decode.Packets(frames, nil), gateway, traffic.Peers{})
				if err != nil {
					t.Fatal(err)
				}
				logs = append(logs, log)
			}
			if d := cmp.Diff(logs[0], logs[1], cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Fatalf("%s, round %d: full (−) and records (+) differ:\n%.3000s", path, round, d)
			}
		}
	}
}

// holed drops the first frames and a tenth of the others before they are kept.
func holed(frames iter.Seq2[traffic.Frame, error], seed uint64, keeper *redact.Keeper) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		rng := rand.New(rand.NewPCG(seed, 0))
		first := rng.IntN(400)
		for f, err := range frames {
			if f.Number < first || rng.IntN(10) == 0 {
				continue
			}
			if !yield(keeper.Frame(f), err) {
				return
			}
		}
	}
}
