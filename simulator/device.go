package simulator

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/hueprint/hueprint/simulator/far"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// A device is one gateway in the home.
type device struct {
	name    string // on the network
	number  uint8  // the last of its address and its MAC
	options gateways.Options
	host    wire.Host
	program *gateways.Gateway
}

// addDevices makes the list of gateways. Two of a kind would share their clouds.
func (l *Lab) addDevices() error {
	const first, most = 10, 10
	all := append([]gateways.Options{l.options.Gateway}, l.options.More...)
	if len(all) > most {
		return fmt.Errorf("%d gateways are more than a home has room for (at most %d)", len(all), most)
	}
	for i, o := range all {
		if slices.ContainsFunc(all[:i], func(other gateways.Options) bool { return other.Kind == o.Kind }) {
			return fmt.Errorf("there are two gateways of the kind %s (a home has one of each)", o.Kind)
		}
		o.Log = l.heard(cmp.Or(o.Log, l.options.Log))
		d := &device{name: GatewayHost, number: uint8(first + i), options: o}
		if i > 0 {
			d.name = GatewayHost + "-" + string(o.Kind)
		}
		l.devices = append(l.devices, d)
	}
	return nil
}

// homeAssistant is the gateway whose app runs on a phone; nil where there is none.
func (l *Lab) homeAssistant() *device {
	for _, d := range l.devices {
		if d.options.Kind == gateways.HomeAssistant {
			return d
		}
	}
	return nil
}

// cable is how a gateway stands on the wire.
func (l *Lab) cable(d *device) wire.HostOptions {
	resolver := homeAddr(l.options.Subnet, 1)
	if d.options.Kind == gateways.Nest {
		resolver = gateways.NestDNS()
	}
	alive := max(time.Second, time.Duration(float64(time.Minute)/max(d.options.Pace, 0.001)))
	return wire.HostOptions{Name: d.name, Addr: homeAddr(l.options.Subnet, d.number), MAC: gatewayMAC(d.options.Kind, l.options.Subnet, d.number),
		Resolver: resolver, KeepAlive: alive}
}

// startDevice starts a gateway's program.
func (l *Lab) startDevice(d *device, authority *far.Authority) (err error) {
	d.program, err = gateways.New(d.host, gateways.Home{
		Router: homeAddr(l.options.Subnet, 1), Prefix: homePrefix(l.options.Subnet), Roots: authority.Roots(),
		Bridge: gateways.Bridge{Addr: l.BridgeAddr(), ID: l.bridge.ID(), Key: l.secret(d.name)},
	}, d.options)
	if err != nil {
		return err
	}
	l.group.Go(func() error { return d.program.Run(l.ctx) })
	return nil
}

// known is a gateway as the wire knows it.
func (d *device) known() traffic.Gateway {
	return traffic.Gateway{Name: string(d.options.Kind), MACs: []traffic.MAC{d.host.MAC()}, Addrs: []netip.Addr{d.host.Addr()}}
}
