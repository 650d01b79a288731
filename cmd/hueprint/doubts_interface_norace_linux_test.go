//go:build !race

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/simulator/wire/veth"
)

// A cable joins two network namespaces of the kernel: gw0 at the near end, where
// the program records, and gw1 at the gateway's.
type cable struct{ near, far string }

const (
	cableNear    = "10.77.0.1"
	cableGateway = "10.77.0.2"
)

func newCable(t *testing.T, number int) cable {
	t.Helper()
	c := cable{near: fmt.Sprintf("hpfn%d-%d", os.Getpid(), number), far: fmt.Sprintf("hpff%d-%d", os.Getpid(), number)}
	for _, ns := range []string{c.near, c.far} {
		ip(t, "netns", "add", ns)
		t.Cleanup(func() { ip(t, "netns", "del", ns) })
		ip(t, "-n", ns, "link", "set", "lo", "up")
	}
	c.plug(t)
	return c
}

// plug lays the cable, also a second time after it was pulled.
func (c cable) plug(t *testing.T) {
	t.Helper()
	ip(t, "-n", c.near, "link", "add", "gw0", "type", "veth", "peer", "name", "gw1", "netns", c.far)
	for ns, end := range map[string][2]string{c.near: {"gw0", cableNear}, c.far: {"gw1", cableGateway}} {
		ip(t, "-n", ns, "addr", "add", end[1]+"/24", "dev", end[0])
		ip(t, "-n", ns, "link", "set", end[0], "up")
	}
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Errorf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// listen opens a port in the near namespace.
func (c cable) listen(t *testing.T) (l net.Listener) {
	t.Helper()
	if err := capture.InNamespace("/run/netns/" + c.near)(func() error {
		l = loopback(t)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return l
}

// chatter lets the gateway at the far end talk.
func (c cable) chatter(t *testing.T, every time.Duration) {
	t.Helper()
	if err := capture.InNamespace("/run/netns/" + c.far)(func() error {
		chatterTo(t, cableGateway, &net.UDPAddr{IP: net.ParseIP(cableNear), Port: 9}, every)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// bench is a bench whose bridge and program live at the near end.
func (c cable) bench(t *testing.T, seed uint64) shortBench {
	t.Helper()
	return newShortBench(t, benchOptions{seed: seed, listen: c.listen, gateway: "interface: gw0, addresses: [" + cableGateway + "]"})
}

func (c cable) begin(t *testing.T, k shortBench, args ...string) *session {
	t.Helper()
	cmd := k.process(t, args...)
	cmd.Args = append([]string{"ip", "netns", "exec", c.near, cmd.Path}, cmd.Args[1:]...)
	cmd.Path, _ = exec.LookPath("ip")
	return k.beginProcess(t, cmd)
}

// TestInterfaceTroubleNoRace takes the interface away in mid-run and gives it
// back, and records a gateway that never says anything.
func TestInterfaceTroubleNoRace(t *testing.T) {
	needs(t, veth.Available() == nil, fmt.Sprintf("kernel namespaces: %v", veth.Available()))
	tests := []struct {
		name    string
		every   time.Duration // of the gateway's datagrams; 0 is never
		happens func(*testing.T, cable)
		says    string
		gaps    bool
	}{
		{"down and up", 20 * time.Millisecond, func(t *testing.T, c cable) {
			ip(t, "-n", c.near, "link", "set", "gw0", "down")
			time.Sleep(1300 * time.Millisecond)
			ip(t, "-n", c.near, "link", "set", "gw0", "up")
		}, "Frames were lost in the windows", true},
		{"pulled and plugged", 20 * time.Millisecond, func(t *testing.T, c cable) {
			ip(t, "-n", c.near, "link", "del", "gw0")
			time.Sleep(1300 * time.Millisecond)
			c.plug(t)
		}, "Frames were lost in the windows", true},
		{"gone for good", 20 * time.Millisecond, func(t *testing.T, c cable) {
			ip(t, "-n", c.near, "link", "del", "gw0")
		}, "Frames were lost in the windows", true},
		{"a silent gateway", 0, func(*testing.T, cable) {}, "Nothing was recorded", false},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCable(t, i)
			if test.every > 0 {
				c.chatter(t, test.every)
			}
			k := c.bench(t, uint64(i))
			k.findAgainstPlan(t, uint64(i))
			before := k.bridge.State("1")
			s := c.begin(t, k, "run", "short", "--seed", fmt.Sprint(i))
			s.commands(3)
			test.happens(t, c)
			if status, said := s.status(t), s.said.String(); status != exitInconclusive || !strings.Contains(unwrapped(said), test.says) {
				t.Errorf("exit status %d, want %d and %q:\n%s", status, exitInconclusive, test.says, said)
			}
			run, _ := k.record(t)
			rec := run.Recordings[0]
			if test.gaps && (len(rec.Gaps) != 1 || !strings.Contains(rec.Gaps[0].Reason, "down or away")) {
				t.Errorf("the recording's gaps are %+v", rec.Gaps)
			}
			k.demandAllRecorded(t)
			k.demandAsFound(t, before)
		})
	}
}

// TestNoProofNoCommandNoRace records on an interface on which no marker can be
// sent, a gateway that says nothing: nothing proves the recorder, and the bulb is
// not touched.
func TestNoProofNoCommandNoRace(t *testing.T) {
	needs(t, veth.Available() == nil, fmt.Sprintf("kernel namespaces: %v", veth.Available()))
	c := newCable(t, 9)
	ip(t, "-n", c.near, "tuntap", "add", "tun0", "mode", "tun")
	ip(t, "-n", c.near, "link", "set", "tun0", "up")
	k := newShortBench(t, benchOptions{listen: c.listen, gateway: "interface: tun0, addresses: [" + cableGateway + "]"})
	before := k.bridge.State("1")
	s := c.begin(t, k, "run", "short")
	status, said := s.status(t), s.said.String()
	for _, word := range []string{"no proof within 10s", "no command was sent"} {
		if status != exitFailed || !strings.Contains(said, word) {
			t.Errorf("exit status %d, want 1 and %q:\n%s", status, word, said)
		}
	}
	if n := len(k.puts()); n > 0 {
		t.Errorf("%d commands were sent without a proof", n)
	}
	if run, verdict := k.record(t); verdict.Verdict != analysis.Inconclusive || run.Ending != experiments.Aborted {
		t.Errorf("verdict %s, ending %s", verdict.Verdict, run.Ending)
	}
	k.demandAsFound(t, before)
}

// demandAllRecorded checks that the files hold what the recording counts.
func (k shortBench) demandAllRecorded(t *testing.T) {
	t.Helper()
	folder := k.folder(t)
	run, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range run.Recordings {
		frames := uint64(0)
		for _, err := range folder.Frames(rec.Gateway) {
			if err != nil {
				t.Error(err)
			}
			frames++
		}
		if frames != rec.Frames {
			t.Errorf("the files of %s hold %d frames, the record counts %d", rec.Gateway, frames, rec.Frames)
		}
	}
}
