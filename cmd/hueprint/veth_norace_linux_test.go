//go:build !race

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/bridge/bridgetest"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/veth"
)

// kernelLab is a simulated lab on kernel namespaces, with the bridge on a real
// port inside the namespace where the gateway's cable can be captured.
type kernelLab struct {
	lab    *simulator.Lab
	cable  veth.Cable
	inside net.Addr // of the bridge, in the cable's namespace
	// outside is the bridge's address in the test's own namespace.
	outside net.Addr
}

func newKernelLab(t *testing.T, o gateways.Options) kernelLab {
	t.Helper()
	var network *veth.Network
	lab, err := simulator.New(simulator.LabOptions{Gateway: o, Subnet: 31, Seed: 31, Wire: func(o wire.Options) (wire.Network, error) {
		var err error
		network, err = veth.New(o)
		return network, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Errorf("close the lab: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := lab.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	cable, err := network.Cable(simulator.GatewayHost)
	if err != nil {
		t.Fatal(err)
	}
	k := kernelLab{lab: lab, cable: cable}
	if err := cable.Namespace.Enter(func() error {
		k.inside = relay(t, lab)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	k.outside = relay(t, lab)
	return k
}

// relay serves the lab's bridge on a port of the loopback interface of whatever
// namespace the thread is in.
func relay(t *testing.T, lab *simulator.Lab) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- simulator.Relay(ctx, lab, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("relay: %v", err)
		}
	})
	return l.Addr()
}

// configure writes a configuration and key for the lab as a person would.
func (k kernelLab) configure(t *testing.T, dir string, experiment string) string {
	t.Helper()
	key := labKey(k.lab)
	if err := hue.SaveKey(filepath.Join(dir, "key.json"), key); err != nil {
		t.Fatal(err)
	}
	g, peers := k.lab.Gateway(), k.lab.Peers()
	config := fmt.Sprintf("lab: kernel namespaces\nruns: runs\nbridge: {address: 'https://%s', key_file: key.json}\nlight: '1'\n"+
		"gateways:\n  - {name: %s, interface: %s, macs: ['%v'], phones: %s, linked: true}\nexperiments:\n  - %s\n",
		k.inside, g.Name, k.cable.Interface, g.MACs[0], strings.ReplaceAll(fmt.Sprint(peers.Phones), " ", ", "), experiment)
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// inNamespace is the program as a process in the cable's namespace.
func (k kernelLab) inNamespace(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := process(t, args...)
	cmd.Args = append([]string{"ip", "netns", "exec", string(k.cable.Namespace), cmd.Path}, args...)
	cmd.Path, _ = exec.LookPath("ip")
	return cmd
}

// TestTenTogglesOnARealBenchNoRace is the main job with nothing between it and the
// kernel: the program as a process, huego against the simulated bridge on a
// real port, the gateway on a veth pair, AF_PACKET; tshark beside it as witness.
func TestTenTogglesOnARealBenchNoRace(t *testing.T) {
	needs(t, veth.Available() == nil, fmt.Sprintf("kernel namespaces: %v", veth.Available()))
	needs(t, has("tshark"), "tshark")
	o := gateways.Defaults(gateways.Aeotec)
	o.Pace, o.Seed = 20, 31
	k := newKernelLab(t, o)
	dir := t.TempDir()
	config := k.configure(t, dir, "{name: bench, preset: demo}")
	before := bridgetest.ReadLight(t, k.outside.String(), k.lab.Key(), "1")

	witness := filepath.Join(dir, "witness.pcapng")
	tshark := k.inNamespace(t)
	tshark.Args = []string{"ip", "netns", "exec", string(k.cable.Namespace), "tshark", "-q", "-i", k.cable.Interface, "-w", witness, "-f", "ether host " + k.lab.Gateway().MACs[0].String()}
	startAndWait(t, tshark, witness)

	cmd := k.inNamespace(t, "run", "bench", "-c", config, "--seed", "4", "--json")
	cmd.Env = append(cmd.Env, "HUEPRINT_STATE="+filepath.Join(dir, "state"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("hueprint run: %v\n%s%s", err, errs.String(), out.String())
	}
	if err := tshark.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = tshark.Wait()

	var got reports.Output
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, out.String())
	}
	demandTable1(t, got)
	if after := bridgetest.ReadLight(t, k.outside.String(), k.lab.Key(), "1"); after != before {
		t.Errorf("the light was %+v, and is now %+v", before, after)
	}
	demandSameFrames(t, got.Runs[0].Folder, witness)
	for _, secret := range []string{k.lab.Key()} {
		if strings.Contains(out.String(), secret) || strings.Contains(errs.String(), secret) {
			t.Error("the application key stands in the output")
		}
	}
}

// reportLateness prints how late commands left, to the last byte handed to the
// kernel, against the plan.
func reportLateness(t *testing.T, run experiments.Run) {
	t.Helper()
	var late []time.Duration
	for _, c := range run.Commands {
		if !c.Sent.IsZero() {
			late = append(late, c.Sent.Sub(c.Planned))
		}
	}
	slices.Sort(late)
	if len(late) == 0 {
		t.Error("no command was sent")
		return
	}
	t.Logf("measured: commands written after their planned instant: median %v, p99 %v, most %v of %d",
		late[len(late)/2], late[(len(late)*99+99)/100-1], late[len(late)-1], len(late))
}

// startAndWait starts a capturing process and waits until it has written its
// file's header.
func startAndWait(t *testing.T, cmd *exec.Cmd, file string) {
	t.Helper()
	words, err := os.Create(file + ".log")
	if err != nil {
		t.Fatal(err)
	}
	defer words.Close()
	cmd.Stderr = words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for range 200 {
		said, _ := os.ReadFile(words.Name())
		if info, err := os.Stat(file); err == nil && info.Size() > 0 && strings.Contains(string(said), "Capturing on") {
			time.Sleep(500 * time.Millisecond)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%v did not begin to capture within 10 s", cmd.Args)
}

// demandTable1 checks that the verdict is as the lab was set: the base paper's
// Table 1, in frame lengths.
func demandTable1(t *testing.T, got reports.Output) {
	t.Helper()
	if len(got.Verdicts) != 1 || got.Verdicts[0].Verdict != "cloud-visible" {
		t.Fatalf("verdicts are %+v, want one cloud-visible", got.Verdicts)
	}
	want := []string{"out 113", "out 490", "in 113", "in 318"}
	var steps []string
	for _, s := range got.Verdicts[0].Pattern.Steps {
		if s.FrameMin != s.FrameMax {
			t.Errorf("a step's frames are %d to %d bytes long", s.FrameMin, s.FrameMax)
		}
		steps = append(steps, fmt.Sprintf("%s %d", s.Direction, s.FrameMin))
	}
	if fmt.Sprint(steps) != fmt.Sprint(want) {
		t.Errorf("pattern is %v, want %v", steps, want)
	}
	if e := got.Verdicts[0].Evidence; e.Dropped != 0 || e.Gaps != 0 || !e.Restored {
		t.Errorf("evidence: %d dropped, %d gaps, restored %v", e.Dropped, e.Gaps, e.Restored)
	}
	t.Logf("measured: slots begun after their planned instant: p50 %v, p99 %v, most %v", got.Verdicts[0].Evidence.LatenessP50, got.Verdicts[0].Evidence.LatenessP99, got.Verdicts[0].Evidence.LatenessMax)
}

// demandSameFrames compares the run's recording with what tshark captured in the
// same stretch of time, and tshark's reading of our file with our own count.
func demandSameFrames(t *testing.T, dir, witness string) {
	t.Helper()
	folder, err := runs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	reportLateness(t, run)
	recording := run.Recordings[0]
	ours := 0
	for _, file := range folder.Captures(recording.Gateway) {
		ours += countFrames(t, file, "")
	}
	if uint64(ours) != recording.Frames {
		t.Errorf("tshark reads %d frames in the recording, which should hold %d", ours, recording.Frames)
	}
	first, last := stretch(t, folder, recording.Gateway)
	theirs := countFrames(t, witness, fmt.Sprintf("frame.time_epoch >= %s && frame.time_epoch <= %s", first, last))
	if theirs != ours {
		t.Errorf("tshark captured %d frames between our first and last, we %d", theirs, ours)
	}
	t.Logf("measured: %d frames, as many as tshark beside it; dropped %d", ours, recording.Dropped)
}

func countFrames(t *testing.T, file, filter string) int {
	t.Helper()
	args := []string{"-r", file, "-T", "fields", "-e", "frame.number"}
	if filter != "" {
		args = append(args, "-Y", filter)
	}
	out, err := exec.CommandContext(t.Context(), "tshark", args...).Output()
	if err != nil {
		t.Fatalf("tshark -r %s: %v", file, err)
	}
	return strings.Count(string(out), "\n")
}

// stretch is from the first to the last frame of a recording, as tshark writes
// instants.
func stretch(t *testing.T, folder *runs.Folder, gateway string) (first, last string) {
	t.Helper()
	for f, err := range folder.Frames(gateway) {
		if err != nil {
			t.Fatal(err)
		}
		last = strconv.FormatInt(f.Time.Unix(), 10) + fmt.Sprintf(".%09d", f.Time.Nanosecond())
		if first == "" {
			first = last
		}
	}
	return first, last
}
