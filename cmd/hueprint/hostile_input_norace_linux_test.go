//go:build !race

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
)

// mostMemory is what no input may make the program use, in bytes.
const mostMemory = 300 << 20

// A badInput is a capture that is none, or a damaged one.
type badInput struct {
	name    string
	capture []byte
	// says stands in the answer; empty where the damage may go unnoticed, as a
	// flipped bit of a payload does.
	says string
	// actions and gateway replace the usual ones.
	actions, gateway string
}

// dataFolder is one of the real captures of others.
func dataFolder(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("HUEPRINT_DATA")
	if root == "" {
		root = "../../../shared/data"
	}
	dir := filepath.Join(root, "tplink-plug", name)
	_, err := os.Stat(dir)
	needs(t, err == nil, "the captures of HUEPRINT_DATA")
	return dir
}

// TestBadInputNoRace feeds the program as a process with what is no good
// capture: it says so, or answers, does not panic, and stays below 300 MB.
func TestBadInputNoRace(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(dataFolder(t, "no-firewall"), "capture.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	actions, err := os.ReadFile(filepath.Join(dataFolder(t, "no-firewall"), "actions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := os.ReadFile(filepath.Join(dataFolder(t, "no-firewall"), "gateway.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("all", func(t *testing.T) {
		for _, in := range badInputs(t, good) {
			t.Run(in.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				files := map[string]string{"capture.pcap": string(in.capture), "actions.csv": or(in.actions, string(actions)), "gateway.txt": or(in.gateway, string(gateway))}
				for name, text := range files {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				in.judge(t, dir)
			})
		}
	})
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// saysOneOf looks for words with | between them.
func saysOneOf(said, words string) bool {
	return slices.ContainsFunc(strings.Split(words, "|"), func(w string) bool { return strings.Contains(said, w) })
}

func (in badInput) judge(t *testing.T, dir string) {
	t.Helper()
	cmd := process(t, "analyze", dir, "--alpha", "0.05")
	cmd.Env = append(cmd.Env, "GOMEMLIMIT=off")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	status, said := cmd.ProcessState.ExitCode(), unwrapped(string(out))
	if in.says != "" && (status != exitFailed && status != exitInconclusive || !saysOneOf(said, in.says)) {
		t.Errorf("exit status %d, want 1 or 3 and %q:\n%.2000s", status, in.says, out)
	}
	if status != exitDone && status != exitFailed && status != exitInconclusive || strings.Contains(said, "goroutine ") || strings.TrimSpace(said) == "" {
		t.Errorf("exit status %d:\n%.3000s", status, out)
	}
	if used := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10; runtime.GOOS == "linux" && used > mostMemory {
		t.Errorf("%d MB were used", used>>20)
	} else {
		t.Logf("exit status %d, %d MB, %v: %.160s", status, used>>20, time.Since(began).Round(time.Millisecond), strings.TrimSpace(said))
	}
}

func badInputs(t *testing.T, good []byte) []badInput {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 8<<20)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	all := []badInput{
		{name: "empty", says: "empty"},
		{name: "one byte", capture: []byte{0xd4}, says: "cut off"},
		{name: "text", capture: []byte(strings.Repeat("This is not a capture.\n", 9)), says: "not a capture"},
		{name: "random bytes", capture: noise, says: "not a pcap or pcapng capture"},
		{name: "header only", capture: pcapHeader(), says: "never appears|none of its|no packet"},
		{name: "header and random bytes", capture: append(pcapHeader(), noise...), says: "damaged|cut|longer than"},
		{name: "pcapng header and random bytes", capture: append(sectionHeader(), noise...), says: "damaged|cut|block"},
		{name: "zeros beyond bound, packed", capture: bomb(t, pcapHeader()), says: "expand|damaged|cut|longer than"},
		{name: "half a gzip", capture: half(packed(t, bytes.NewReader(good))), says: "unexpected EOF|cut"},
		{name: "actions outside the capture", capture: good, actions: "time,action\n1000000000,on\n1000000060,off\n1000000120,on\n", says: "none of its 3 actions lies inside"},
		{name: "no action", capture: good, actions: "time,action\n", says: "action"},
		{name: "a gateway that never appears", capture: good, gateway: "10.9.8.7\n", says: "never appears"},
	}
	for _, share := range []int{1, 30, 50, 99} {
		all = append(all, badInput{name: fmt.Sprintf("truncated to %d %%", share), capture: good[:24+(len(good)-24)*share/100-3], says: "cut|without errors|none of its 14 actions"})
	}
	for i := range 20 {
		flipped := bytes.Clone(good)
		for range 1 << (i % 12) {
			flipped[rng.IntN(len(flipped))] ^= 1 << rng.IntN(8)
		}
		all = append(all, badInput{name: fmt.Sprintf("bits flipped %d", i), capture: flipped})
	}
	for i := range 8 { // in the lengths of the first packets
		flipped := bytes.Clone(good)
		flipped[24+8+i] ^= 1 << rng.IntN(8)
		all = append(all, badInput{name: fmt.Sprintf("length flipped %d", i), capture: flipped})
	}
	return all
}

func pcapHeader() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0)
	return binary.LittleEndian.AppendUint32(b, 1) // Ethernet
}

func sectionHeader() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x0a0d0d0a)
	b = binary.LittleEndian.AppendUint32(b, 28)
	b = binary.LittleEndian.AppendUint32(b, 0x1a2b3c4d)
	b = append(b, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255)
	return binary.LittleEndian.AppendUint32(b, 28)
}

func packed(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.Copy(w, r); err != nil || w.Close() != nil {
		t.Fatal("pack: ", err)
	}
	return b.Bytes()
}

func half(b []byte) []byte { return b[:len(b)/2] }

// bomb is a capture of 2 GB of nothing, in 2 MB.
func bomb(t *testing.T, header []byte) []byte {
	t.Helper()
	return packed(t, io.MultiReader(bytes.NewReader(header), io.LimitReader(zeros{}, 2<<30)))
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestFlippedBitsOfARunNoRace damages the recording of a real run's folder: its
// verdict must not be carried by what could not be read.
func TestFlippedBitsOfARunNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0, "root, to capture on lo")
	chatter(t, local(benchGateway), 20*time.Millisecond)
	k := newShortBench(t, benchOptions{seed: 6})
	if status, said := k.conduct(t, "run", "short", "--seed", "6"); status != exitDone {
		t.Fatalf("exit status %d:\n%s", status, said)
	}
	path := k.folder(t).Captures("gw")[0]
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 12 {
		bad := bytes.Clone(good)
		if i < 4 {
			bad = bad[:len(bad)*(i+1)/5]
		}
		for range i * 4 {
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		status, said := k.conduct(t, "analyze", k.folder(t).Dir())
		_, verdict := k.record(t)
		if verdict.Verdict != analysis.Inconclusive || status != exitInconclusive {
			t.Errorf("damage %d: exit status %d, verdict %s:\n%s", i, status, verdict.Verdict, said)
		}
	}
}
