// Package wire is the network that simulated gateways, clouds and phones talk
// over, as one interface with three implementations: a userspace TCP/IP stack
// in real time (netstack), kernel network namespaces (veth), and in-memory
// connections in virtual time inside testing/synctest (memory).
//
// Programs see a [Host] and nothing else; what they send becomes Ethernet
// frames that a [Tap] sees. The package knows no gateway, cloud, or light.
package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// A Host is one machine on a wire, as the programs on it see it. Addresses are
// literals ("192.0.2.1:443"); names are resolved by [Host.Lookup] through real
// DNS. All methods may be called at once from several goroutines.
type Host interface {
	Name() string
	Addr() netip.Addr
	MAC() traffic.MAC
	// Dial connects over "tcp" or "udp", with TCP keep-alive at the interval of
	// the host's options.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// Listen and ListenPacket serve on a port of this host ("0.0.0.0:53" or
	// ":53"); ListenPacket also sends with the given port as source.
	Listen(network, address string) (net.Listener, error)
	ListenPacket(network, address string) (net.PacketConn, error)
	// Multicast joins the group and sends to it with the TTL, from and to its
	// port. The host does not hear its own packets.
	Multicast(group netip.AddrPort, ttl int) (net.PacketConn, error)
	// Lookup asks the host's resolver for A records over UDP port 53.
	Lookup(ctx context.Context, name string) ([]netip.Addr, error)
	// Ping sends n ICMP echo requests, every apart, and counts the answers.
	Ping(ctx context.Context, to netip.Addr, n int, every time.Duration) (int, error)
}

// HostOptions describe a machine to add to a network.
type HostOptions struct {
	Name string
	Addr netip.Addr
	// Segment says on which side of the home's router the host is: false in the
	// home, true in the cloud, where it is reached through the router, whose
	// MAC its frames then bear.
	Cloud bool
	MAC   traffic.MAC
	// Resolver is the DNS server that Lookup asks.
	Resolver netip.Addr
	// KeepAlive is the TCP keep-alive interval; 0 means none.
	KeepAlive time.Duration
}

// A Network is one home with its router and its clouds.
type Network interface {
	Add(HostOptions) (Host, error)
	// Router is the home's default gateway: it forwards, and answers pings.
	Router() Host
	// Tap mirrors every frame to or from the named host, in both directions, as
	// seen on the host's own cable, in the order of their times. The frame is
	// valid only during the call, which must neither block nor call the network.
	Tap(host string, see func(traffic.Frame)) (stop func(), err error)
	// Close shuts every host down and waits until nothing runs any more.
	Close() error
}

// Options shape a network: the home's prefix and router, and what the lines do
// to frames.
type Options struct {
	Home   netip.Prefix
	Router netip.Addr
	// RouterMAC is the router's on both sides; zero means [DefaultRouterMAC].
	RouterMAC traffic.MAC
	// Delay is one-way in the home and CloudDelay one-way beyond the router;
	// Jitter (uniform, never reordering) and Loss (0…1) by Seed.
	Delay, CloudDelay, Jitter time.Duration
	Loss                      float64
	Seed                      uint64
}

// ErrLine is what New of an implementation returns when it cannot delay, jitter
// or lose frames as the options ask.
var ErrLine = errors.New("this wire cannot delay, jitter or lose frames (set Delay, CloudDelay, Jitter and Loss to 0)")

// An Injector is a Network that can put a frame on a host's cable for its taps
// alone: nobody receives it. [TapRecorder] proves by it that it records.
type Injector interface {
	Inject(host string, frame []byte) error
}
