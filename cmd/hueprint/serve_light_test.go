package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/simulator/bridge"
)

// keeperBench is a bridge on real ports with a keeper of its light at work.
type keeperBench struct {
	bridge *bridge.Bridge
	keeper *lightKeeper
}

func newKeeperBench(t *testing.T) keeperBench {
	t.Helper()
	key := strings.Repeat("k", 40)
	b, err := bridge.New(bridge.Options{Seed: 3, Keys: map[string]string{"test": key}})
	if err != nil {
		t.Fatal(err)
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := hue.SaveKey(filepath.Join(dir, "key.json"), hue.Key{BridgeID: b.ID(), Username: key, Pin: pinOf(b)}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf("bridge: {address: 'https://%s', key_file: key.json}\nlight: '1'\n", secure.Addr())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := openSettings(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	(&program{}).client(nil, nil)
	k := keeperBench{b, newLightKeeper(&link{site: realSite{}, settings: s}, s)}
	ctx, cancel := context.WithCancel(context.Background())
	served, kept := make(chan error, 1), make(chan struct{})
	go func() { served <- b.Serve(ctx, nil, secure) }()
	go func() {
		defer close(kept)
		k.keeper.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-kept
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return k
}

// until waits for the keeper to say so.
func (k keeperBench) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 200 {
		if is() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("not %s: %+v", what, k.keeper.now())
}

// TestLightKeeperKeepsAway follows the light, and asks nothing of the bridge while
// a run goes on.
func TestLightKeeperKeepsAway(t *testing.T) {
	k := newKeeperBench(t)
	k.until(t, "read", func() bool { return k.keeper.now().Name == "Bench bulb" && k.keeper.now().Reachable })
	on := !k.keeper.now().State.On
	k.bridge.TouchLight("1", func(s *bridge.LightState) { s.On = on })
	k.until(t, "told of a change", func() bool { return k.keeper.now().State.On == on })

	k.keeper.rest()
	before := len(k.bridge.Requests())
	k.bridge.TouchLight("1", func(s *bridge.LightState) { s.On = !on })
	time.Sleep(1500 * time.Millisecond)
	if asked := k.bridge.Requests()[before:]; len(asked) > 0 {
		t.Errorf("during a rest the bridge was asked %+v", asked)
	}
	if k.keeper.now().State.On != on {
		t.Error("during a rest a change was heard")
	}
	k.keeper.commanded(experiments.Command{Action: experiments.On, Receipt: experiments.Receipt{Outcome: experiments.Done}})
	if !k.keeper.now().State.On {
		t.Error("a run's command is not taken over")
	}
	k.keeper.resume()
	k.until(t, "read after the rest", func() bool { return k.keeper.now().State.On == !on })
}
