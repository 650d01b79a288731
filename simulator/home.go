package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/simulator/far"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// GatewayHost is the gateway's name on the lab's network, by which
// [wire.Network.Tap] and package veth's Cable know it.
const GatewayHost = "gateway"

// The names of the other machines at home.
const (
	bridgeHost     = "bridge"
	controllerHost = "controller"
	phoneHost      = "phone"
)

// homeHosts are the machines at home beside the gateways; phone is nil where
// there is none.
type homeHosts struct{ bridge, phone wire.Host }

func homePrefix(subnet uint8) netip.Prefix { return netip.PrefixFrom(homeAddr(subnet, 0), 24) }

func homeAddr(subnet, host uint8) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, subnet, host}) }

func routerMAC(subnet uint8) traffic.MAC { return traffic.MAC{0x98, 0x9b, 0xcb, 0x51, subnet, 0x01} }

// gatewayMAC has the prefix of the gateway's vendor.
func gatewayMAC(kind gateways.Kind, subnet, number uint8) traffic.MAC {
	mac := map[gateways.Kind]traffic.MAC{
		gateways.Aeotec:        {0x28, 0x6d, 0x97},
		gateways.Echo:          {0x68, 0x54, 0xfd},
		gateways.Nest:          {0xd8, 0xeb, 0x46},
		gateways.HomeAssistant: {0xdc, 0xa6, 0x32},
	}[kind]
	mac[3], mac[4], mac[5] = 0x51, subnet, number
	return mac
}

// addHome puts the machines at home on the wire.
func (l *Lab) addHome() error {
	subnet := l.options.Subnet
	bridgeMAC, err := traffic.ParseMAC(l.bridge.MAC())
	if err != nil {
		return err
	}
	router := homeAddr(subnet, 1)
	add := func(to *wire.Host, o wire.HostOptions) {
		if err == nil {
			*to, err = l.network.Add(o)
		}
	}
	add(&l.hosts.bridge, wire.HostOptions{Name: bridgeHost, Addr: l.BridgeAddr(), MAC: bridgeMAC, Resolver: router, KeepAlive: 20 * time.Second})
	for _, d := range l.devices {
		add(&d.host, l.cable(d))
	}
	add(&l.controller, wire.HostOptions{Name: controllerHost, Addr: homeAddr(subnet, 5), MAC: traffic.MAC{2, 0x51, 0, 0, subnet, 5}, Resolver: router})
	if l.homeAssistant() != nil {
		add(&l.hosts.phone, wire.HostOptions{Name: phoneHost, Addr: homeAddr(subnet, 20), MAC: traffic.MAC{0x5a, 0x51, 0, 0, subnet, 20}, Resolver: router})
	}
	return err
}

// Hosts are the machines at home that run.
func (l *Lab) Hosts() []wire.Host {
	all := []wire.Host{l.network.Router(), l.hosts.bridge, l.controller}
	for _, d := range l.devices {
		all = append(all, d.host)
	}
	if l.hosts.phone != nil {
		all = append(all, l.hosts.phone)
	}
	return all
}

// addFarEnds puts the clouds on the wire and starts them, and the home's name
// server on the router.
func (l *Lab) addFarEnds(authority *far.Authority) error {
	var ends []far.End
	for _, d := range l.devices {
		ends = append(ends, gateways.FarEnds(d.options.Kind, max(d.options.Pace, 0.001))...)
	}
	zone := far.Zone{"router.home": homeAddr(l.options.Subnet, 1), "bridge.home": l.BridgeAddr()}
	for i := range ends {
		if !ends[i].Addr.IsValid() {
			ends[i].Addr = netip.AddrFrom4([4]byte{203, 0, 113, uint8(10 + i)})
		}
		for _, name := range ends[i].Names {
			zone[name] = ends[i].Addr
		}
	}
	near := far.Surroundings{Authority: authority, Zone: zone, Seed: l.options.Seed, Log: l.options.Log}
	for i, end := range ends {
		host, err := l.network.Add(wire.HostOptions{
			Name: end.Host, Addr: end.Addr, Cloud: true, MAC: traffic.MAC{2, 0x51, 0xc1, 0, l.options.Subnet, uint8(i + 1)}, Resolver: end.Addr,
		})
		if err != nil {
			return err
		}
		if err := l.serve(host, end, near); err != nil {
			return err
		}
	}
	return l.serve(l.network.Router(), far.End{Host: wire.RouterName, Services: far.Names}, near)
}

func (l *Lab) serve(host wire.Host, end far.End, near far.Surroundings) error {
	server, err := far.Open(host, end, near)
	if err != nil {
		return err
	}
	l.group.Go(func() error { return server.Run(l.ctx) })
	return nil
}

// startPhone starts the phone's app where the gateway has one.
func (l *Lab) startPhone() {
	if l.hosts.phone == nil {
		return
	}
	server := l.homeAssistant()
	phone := far.Phone{
		Host: l.hosts.phone, Server: netip.AddrPortFrom(server.host.Addr(), gateways.HomeAssistantPort),
		Ping: max(time.Second, time.Duration(float64(55*time.Second)/server.options.Pace)), Log: l.options.Log,
	}
	l.group.Go(func() error { return phone.Run(l.ctx) })
}

// startBridge takes the bridge's ports and serves; the caller holds the lock or
// is New.
func (l *Lab) startBridge() error {
	plain, err := l.hosts.bridge.Listen("tcp", ":80")
	if err != nil {
		return fmt.Errorf("bridge: %w", err)
	}
	secure, err := l.hosts.bridge.Listen("tcp", ":443")
	if err != nil {
		return fmt.Errorf("bridge: %w", errors.Join(err, plain.Close()))
	}
	ctx, cancel := context.WithCancel(l.ctx)
	done := make(chan struct{})
	l.group.Go(func() error {
		defer close(done)
		return l.bridge.Serve(ctx, plain, secure)
	})
	l.stopBridge = func() {
		cancel()
		<-done
	}
	return nil
}

// RestartBridge switches the bridge off, waits, and switches it on again, as
// somebody who pulls its plug. Its keys and its bulbs stay as they were.
func (l *Lab) RestartBridge(ctx context.Context, off time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errors.New("restart the simulated bridge: the lab is closed")
	}
	l.stopBridge()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	if err := far.Sleep(ctx, off); err != nil {
		return errors.Join(err, l.startBridge())
	}
	return l.startBridge()
}
