package veth_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/capture/capturetest"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/veth"
	"github.com/hueprint/hueprint/traffic"
)

var options = wire.Options{Home: netip.MustParsePrefix("192.168.78.0/24"), Router: netip.MustParseAddr("192.168.78.1")}

// namespaces lists those of a process.
func namespaces(t *testing.T, pid int) []string {
	t.Helper()
	found, err := filepath.Glob(fmt.Sprintf("/run/netns/hueprint-%d-*", pid))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestCloseRemovesNamespaces demands that nothing is left of a network.
func TestCloseRemovesNamespaces(t *testing.T) {
	needsKernel(t)
	n, err := veth.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if len(namespaces(t, os.Getpid())) == 0 {
		t.Error("a network has no namespaces")
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if left := namespaces(t, os.Getpid()); len(left) > 0 {
		t.Errorf("after Close there are %v", left)
	}
}

// TestNewRemovesStale demands that what a killed process left is removed, and
// what a living one has is not.
func TestNewRemovesStale(t *testing.T) {
	needsKernel(t)
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("hueprint-%d-1-switch", dead.Process.Pid)
	alive := fmt.Sprintf("hueprint-%d-99-switch", os.Getpid())
	for _, name := range []string{stale, alive} {
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	}
	n, err := veth.New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if left := namespaces(t, dead.Process.Pid); len(left) > 0 {
		t.Errorf("a dead process's %v are still there", left)
	}
	if _, err := os.Stat("/run/netns/" + alive); err != nil {
		t.Errorf("a living process's namespace is gone: %v", err)
	}
}

// TestLiveCapture captures a host's cable as hardware would be captured, and
// demands every frame of it.
func TestLiveCapture(t *testing.T) {
	needsKernel(t)
	n, err := veth.New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	gateway := addHost(t, n, wire.HostOptions{Name: "gateway", Addr: netip.MustParseAddr("192.168.78.10"), MAC: traffic.MAC{2, 7, 8, 0, 0, 10}})
	cloud := addHost(t, n, wire.HostOptions{Name: "cloud", Addr: netip.MustParseAddr("203.0.113.7"), MAC: traffic.MAC{2, 7, 8, 0, 0, 7}, Cloud: true})
	cable, err := n.Cable("gateway")
	if err != nil {
		t.Fatal(err)
	}
	if len(cable.Interface) > 15 || strings.Contains(cable.Interface, "/") {
		t.Errorf("interface %q", cable.Interface)
	}
	recorder := capture.Live{Interface: cable.Interface, Enter: cable.Namespace.Enter,
		Gateway: traffic.Gateway{Name: "gateway", MACs: []traffic.MAC{gateway.MAC()}}}
	var sink capturetest.Memory
	session, err := recorder.Start(t.Context(), &sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := session.Prove(ctx); err != nil {
		t.Fatal(err)
	}
	if count, err := gateway.Ping(ctx, cloud.Addr(), 5, time.Millisecond); count != 5 || err != nil {
		t.Errorf("ping: %d, %v", count, err)
	}
	stats, err := session.Stop(ctx)
	if err != nil || stats.Frames < 10 || stats.Dropped != 0 {
		t.Errorf("recorded %+v, error %v", stats, err)
	}
}

func addHost(t *testing.T, n wire.Network, o wire.HostOptions) wire.Host {
	t.Helper()
	h, err := n.Add(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
