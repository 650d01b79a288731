package gateways_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/far"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/memory"
	"github.com/hueprint/hueprint/traffic"
)

// A world is a gateway that finds nothing at first: no name server, no bridge,
// no clouds, no phone. The tests add them one by one.
type world struct {
	*testing.T
	network   wire.Network
	authority *far.Authority
	zone      far.Zone
	bridge    *bridge.Bridge
	gateway   *gateways.Gateway
	kind      gateways.Kind
	log       strings.Builder
	logLock   sync.Mutex
	group     *errgroup.Group
	ctx       context.Context
	end       context.CancelFunc
}

func (w *world) Write(p []byte) (int, error) {
	w.logLock.Lock()
	defer w.logLock.Unlock()
	return w.log.Write(p)
}

var routerAddr, bridgeAddr = netip.MustParseAddr("192.168.9.1"), netip.MustParseAddr("192.168.9.2")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// empty starts a gateway in an empty world.
func empty(t *testing.T, kind gateways.Kind) *world {
	home := netip.MustParsePrefix("192.168.9.0/24")
	w := &world{T: t, kind: kind, zone: far.Zone{}, authority: must(far.NewAuthority())}
	w.network = must(memory.New(wire.Options{Home: home, Router: routerAddr, Delay: time.Millisecond, CloudDelay: 5 * time.Millisecond}))
	w.bridge = must(bridge.New(bridge.Options{Keys: map[string]string{"gateway": "key"}}))
	resolver := routerAddr
	if kind == gateways.Nest {
		resolver = gateways.NestDNS()
	}
	host := must(w.network.Add(wire.HostOptions{Name: "gateway", Addr: netip.MustParseAddr("192.168.9.10"), MAC: traffic.MAC{2, 0, 0, 0, 0, 10}, Resolver: resolver}))
	o := gateways.Defaults(kind)
	o.Log = slog.New(slog.NewTextHandler(w, nil))
	w.gateway = must(gateways.New(host, gateways.Home{
		Router: routerAddr, Prefix: home, Roots: w.authority.Roots(),
		Bridge: gateways.Bridge{Addr: bridgeAddr, ID: w.bridge.ID(), Key: "key"},
	}, o))
	ctx, end := context.WithCancel(t.Context())
	w.end = end
	w.group, w.ctx = errgroup.WithContext(ctx)
	w.group.Go(func() error { return w.gateway.Run(w.ctx) })
	return w
}

func (w *world) close() {
	w.end()
	if err := errors.Join(w.group.Wait(), w.network.Close()); err != nil {
		w.Error(err)
	}
}

func (w *world) ready(within time.Duration) error {
	ctx, cancel := context.WithTimeout(w.ctx, within)
	defer cancel()
	return w.gateway.Ready(ctx)
}

// addClouds adds all far ends, and names for them.
func (w *world) addClouds() { w.add(gateways.FarEnds(w.kind, 1)) }

func (w *world) add(ends []far.End) {
	for i := range ends {
		if !ends[i].Addr.IsValid() {
			ends[i].Addr = netip.AddrFrom4([4]byte{203, 0, 113, byte(10 + i)})
		}
		for _, name := range ends[i].Names {
			w.zone[name] = ends[i].Addr
		}
	}
	for i, end := range append(ends, far.End{Host: wire.RouterName, Services: far.Names}) {
		host := w.network.Router()
		if end.Host != wire.RouterName {
			host = must(w.network.Add(wire.HostOptions{Name: end.Host, Addr: end.Addr, Cloud: true, MAC: traffic.MAC{2, 0, 0, 0, 1, byte(i)}, Resolver: end.Addr}))
		}
		server := must(far.Open(host, end, far.Surroundings{Authority: w.authority, Zone: w.zone}))
		w.group.Go(func() error { return server.Run(w.ctx) })
	}
}

// addHome adds the bridge and the phone.
func (w *world) addHome() {
	host := must(w.network.Add(wire.HostOptions{Name: "bridge", Addr: bridgeAddr, MAC: traffic.MAC{2, 0, 0, 0, 0, 2}, Resolver: routerAddr}))
	plain, secure := must(host.Listen("tcp", ":80")), must(host.Listen("tcp", ":443"))
	w.group.Go(func() error { return w.bridge.Serve(w.ctx, plain, secure) })
	phone := must(w.network.Add(wire.HostOptions{Name: "phone", Addr: netip.MustParseAddr("192.168.9.20"), MAC: traffic.MAC{2, 0, 0, 0, 0, 20}, Resolver: routerAddr}))
	app := far.Phone{Host: phone, Server: netip.MustParseAddrPort("192.168.9.10:8123"), Ping: time.Minute}
	if w.kind == gateways.HomeAssistant {
		w.group.Go(func() error { return app.Run(w.ctx) })
	}
}

// TestGatewaysSurviveAnEmptyWorld leaves each gateway without anything that it
// needs for an hour, then adds it, and demands that the gateway finds it within
// the longest pause between two attempts.
func TestGatewaysSurviveAnEmptyWorld(t *testing.T) {
	for _, kind := range gateways.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := empty(t, kind)
				defer w.close()
				err := w.ready(time.Hour)
				if err == nil || !strings.Contains(err.Error(), "still waiting for") || !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("ready in an empty world: %v", err)
				}
				w.addClouds()
				w.addHome()
				if err := w.ready(2 * time.Minute); err != nil {
					t.Errorf("%v\n%s", err, w.log.String())
				}
				w.logLock.Lock()
				defer w.logLock.Unlock()
				if lines := strings.Count(w.log.String(), "\n"); lines < 60 || lines > 4000 {
					t.Errorf("%d failures were reported in an hour", lines)
				}
			})
		})
	}
}

// TestUnknownNamesAndRefusedConnections gives Aeotec a name server that knows
// nothing, and then names for addresses where nobody listens.
func TestUnknownNamesAndRefusedConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := empty(t, gateways.Aeotec)
		defer w.close()
		server := must(far.Open(w.network.Router(), far.End{Host: wire.RouterName, Services: far.Names}, far.Surroundings{Authority: w.authority, Zone: w.zone}))
		w.group.Go(func() error { return server.Run(w.ctx) })
		w.addHome()
		if err := w.ready(10 * time.Minute); err == nil || strings.Contains(err.Error(), "subscription") || !strings.Contains(err.Error(), "stream to dc-eu01") {
			t.Errorf("without names: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := empty(t, gateways.Aeotec)
		defer w.close()
		dark := must(w.network.Add(wire.HostOptions{Name: "dark", Addr: netip.MustParseAddr("203.0.113.9"), Cloud: true, MAC: traffic.MAC{2, 0, 0, 0, 1, 99}, Resolver: routerAddr}))
		for _, name := range gateways.FarEnds(gateways.Aeotec, 1) {
			w.zone[name.Names[0]] = dark.Addr()
		}
		server := must(far.Open(w.network.Router(), far.End{Host: wire.RouterName, Services: far.Names}, far.Surroundings{Authority: w.authority, Zone: w.zone}))
		w.group.Go(func() error { return server.Run(w.ctx) })
		if err := w.ready(10 * time.Minute); err == nil || !strings.Contains(err.Error(), "stream to dc-eu01") {
			t.Errorf("with refused connections: %v", err)
		}
		w.logLock.Lock()
		defer w.logLock.Unlock()
		if !strings.Contains(w.log.String(), "refused") {
			t.Errorf("nothing was refused: %s", w.log.String())
		}
	})
}

// TestNestAsksTheRouterWhenItsNameServerIsSilent leaves out 8.8.8.8.
func TestNestAsksTheRouterWhenItsNameServerIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := empty(t, gateways.Nest)
		defer w.close()
		ends := slices.DeleteFunc(gateways.FarEnds(gateways.Nest, 1), func(e far.End) bool { return e.Services == far.Names })
		w.add(ends)
		w.addHome()
		if err := w.ready(2 * time.Minute); err != nil {
			t.Errorf("%v\n%s", err, w.log.String())
		}
	})
}
