package simulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/netstack"
	"github.com/hueprint/hueprint/traffic"
)

func onNetstack(o wire.Options) (wire.Network, error) { return netstack.New(o) }

// hurried is a lab in real time at the pace of the demo.
func hurried(kind gateways.Kind, subnet uint8) simulator.LabOptions {
	o := gateways.Defaults(kind)
	o.Pace = 20
	return simulator.LabOptions{Gateway: o, Wire: onNetstack, Subnet: subnet, Seed: 4}
}

// TestFourLabsInRealTime runs the demo's four labs at once over userspace
// stacks, toggles each, and demands that nothing is left after they closed.
func TestFourLabsInRealTime(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("at once", func(t *testing.T) {
		for i, kind := range gateways.Kinds() {
			t.Run(string(kind), func(t *testing.T) {
				t.Parallel()
				inRealTime(t, hurried(kind, uint8(51+i)))
			})
		}
	})
	goleak.VerifyNone(t, before)
}

func inRealTime(t *testing.T, o simulator.LabOptions) {
	began := time.Now()
	b := open(t, o)
	b.after = 1600 * time.Millisecond
	ready := time.Since(began)
	b.record()
	peer := b.lab.Peers().Phones
	if peer == nil {
		peer = append(peer, longStream(b))
	}
	truth := b.lab.Truth()
	for n := range 2 {
		got := frames(reaction(b.change(n%2 == 0), peer[0]))
		if want := told(truth.Steps(n%2 == 0)[:truth.Least]); truth.React == 1 && !strings.Contains(got, want) {
			t.Errorf("change %d: got %s, want %s", n, got, want)
		}
	}
	seen := len(b.seen())
	ended := time.Now()
	b.close()
	t.Logf("ready after %v, closed after %v, %d frames in 3 s", ready, time.Since(ended), seen)
	if log := b.log.String(); log != "" {
		t.Errorf("something failed:\n%s", log)
	}
}

// TestClosingAtOnceIsNoFailure closes labs that have hardly begun.
func TestClosingAtOnceIsNoFailure(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for i := range 12 {
		lab, err := simulator.New(hurried(gateways.Kinds()[i%4], uint8(71+i)))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
		if err := errors.Join(lab.Close(), lab.Close()); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, before)
}

// TestBridgeRestartsInRealTime pulls the bridge's plug on wires with real TCP,
// where ports that were just in use may be slow to come back.
func TestBridgeRestartsInRealTime(t *testing.T) {
	before := goleak.IgnoreCurrent()
	o := hurried(gateways.HomeAssistant, 63)
	b := open(t, o)
	b.record()
	b.set(true)
	if err := b.lab.RestartBridge(t.Context(), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	b.after = 1600 * time.Millisecond
	time.Sleep(b.after) // the gateway subscribes again after a second
	if got := reaction(b.change(false), b.lab.Peers().Phones[0]); len(got) < 2 {
		t.Errorf("after the restart: %s\n%s", frames(got), b.log)
	}
	b.close()
	goleak.VerifyNone(t, before)
}

// TestRecorderProvesAndRecords records the gateway's cable as an experiment
// does.
func TestRecorderProvesAndRecords(t *testing.T) {
	before := goleak.IgnoreCurrent()
	b := open(t, hurried(gateways.Aeotec, 62))
	sink := &frameCount{}
	session, err := b.lab.Recorder().Start(t.Context(), sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	proof, err := session.Prove(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b.change(true)
	stats, err := session.Stop(t.Context())
	if err != nil || stats.Dropped != 0 || stats.Frames == 0 || int(stats.Frames) != sink.frames {
		t.Errorf("recorded %+v, handed over %d frames, %v", stats, sink.frames, err)
	}
	t.Logf("proved by %s", proof.By)
	b.close()
	goleak.VerifyNone(t, before)
}

type frameCount struct{ frames int }

func (c *frameCount) Frame(traffic.Frame) error { c.frames++; return nil }

// TestRelayCarriesHTTPAndHTTPS reaches the bridge from the real computer.
func TestRelayCarriesHTTPAndHTTPS(t *testing.T) {
	before := goleak.IgnoreCurrent()
	b := open(t, hurried(gateways.Echo, 61))
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	relayed := make(chan error, 1)
	go func() { relayed <- simulator.Relay(ctx, b.lab, listen) }()
	transport := &http.Transport{TLSClientConfig: bridgeIdentity(b.lab.Bridge().ID()), DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	for _, scheme := range []string{"http", "https"} {
		response, err := client.Get(fmt.Sprintf("%s://%s/api/%s/config", scheme, listen.Addr(), b.lab.Key()))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || !strings.Contains(string(body), "bridgeid") || !strings.Contains(string(body), "whitelist") {
			t.Errorf("%s: %v %s", scheme, err, body)
		}
		response.Body.Close()
	}
	cancel()
	if err := <-relayed; err != nil {
		t.Error(err)
	}
	b.close()
	goleak.VerifyNone(t, before)
}
