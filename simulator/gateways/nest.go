package gateways

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/simulator/far"
)

// The names that the paper gives, and that of the Nest's long stream.
const (
	googleTools  = "tools.google.com"
	googleWWW    = "www.google.com"
	googleStream = "clients3.google.com"
)

// NestDNS is Google's public name server, which Nest asks instead of the
// home's.
func NestDNS() netip.Addr { return netip.AddrFrom4([4]byte{8, 8, 8, 8}) }

// nestOthers are the rest of the 20 names that Nest asks for; they stand for
// those that the paper does not list.
func nestOthers() []string {
	return []string{
		"connectivitycheck.gstatic.com", "www.gstatic.com", "fonts.gstatic.com", "clients1.google.com",
		"clients2.google.com", "clients4.google.com", "mtalk.google.com", "cast.google.com", "play.google.com",
		"www.youtube.com", "update.googleapis.com", "storage.googleapis.com",
	}
}

func nestTimeServers() []string {
	var names []string
	for i := range 5 {
		names = append(names, fmt.Sprintf("time%d.google.com", i))
	}
	return names
}

// nest is the Google Nest Mini (section 4.3 of the paper). In its week it sent
// 33,887 DNS queries to 8.8.8.8, asked for the time at least every 20 minutes,
// pinged the router and its name server in batches of two, sent UDP from and to
// port 10101 to two groups with a TTL of four, and opened 406 and 92 QUIC
// streams to two names; its TLS streams lived 2,113.5 s on average. Nothing
// follows a light's change.
func (g *Gateway) nest() []errand {
	cloud := g.line(googleStream, 0, between(g.paced(1113500*time.Millisecond), g.paced(3113500*time.Millisecond)), g.paced(4*time.Minute))
	polled := g.ready.need("first look at the bridge")
	config := "https://" + g.home.Bridge.Addr.String() + "/api/" + g.home.Bridge.Key + "/config"
	errands := []errand{
		cloud.errand(), g.once("first look at the bridge", g.poll(config, polled)),
		g.every("look at the bridge", 5*time.Minute, g.poll(config, polled)),
		g.every("names", 18200*time.Millisecond, g.nestNames()),
		g.every("time", 19*time.Minute, g.nestTime()),
		g.every("pings to the router", time.Minute, g.ping(g.home.Router, 2, time.Second)),
		g.every("pings to the name server", time.Minute, g.ping(NestDNS(), 2, time.Second)),
		g.every("QUIC to tools", 1489*time.Second, g.quic(googleTools)),
		g.irregularly("QUIC to www", pause{110 * time.Minute, 89 * time.Second, 11*time.Hour + 10*time.Minute + 3*time.Second}, g.quic(googleWWW)),
		g.announce("224.0.0.250:10101", 4, 20*time.Second, []byte("simulated presence")),
		g.announce("239.255.255.251:10101", 4, 20*time.Second, []byte("simulated presence")),
	}
	if query, err := question(0, "_googlecast._tcp.local", dnsmessage.TypePTR); err == nil {
		errands = append(errands, g.announce("224.0.0.251:5353", 255, 20*time.Minute, query))
	}
	return append(append(errands, g.decoys(cloud)...), g.turned(cloud)...)
}

// nestNames asks for its names one after the other, for A and AAAA by turns.
func (g *Gateway) nestNames() func(context.Context) error {
	names := append(append(nestOthers(), nestTimeServers()...), googleTools, googleWWW, googleStream)
	turn := 0
	return func(ctx context.Context) error {
		name, kind := names[turn/2%len(names)], dnsmessage.TypeA
		if turn%2 == 1 {
			kind = dnsmessage.TypeAAAA
		}
		turn++
		_, err := g.ask(ctx, NestDNS(), name, kind)
		return err
	}
}

func (g *Gateway) nestTime() func(context.Context) error {
	servers, turn := nestTimeServers(), 0
	return func(ctx context.Context) error {
		turn++
		return g.synchronise(servers[turn%len(servers)])(ctx)
	}
}

// quic has one short conversation over QUIC.
func (g *Gateway) quic(name string) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		addr, err := g.resolve(ctx, name)
		if err != nil {
			return err
		}
		conn, err := g.host.ListenPacket("udp", ":0")
		if err != nil {
			return err
		}
		transport := &quic.Transport{Conn: far.Datagrams{PacketConn: conn}}
		defer func() { _ = errors.Join(transport.Close(), conn.Close()) }()
		security := g.security(name, 0)
		security.NextProtos = []string{far.Protocol}
		session, err := transport.Dial(ctx, net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 443)), security, far.QUICConfig())
		if err != nil {
			return fmt.Errorf("QUIC to %s: %w", name, err)
		}
		err = converse(ctx, session)
		_ = session.CloseWithError(0, "")
		_ = far.Sleep(ctx, 100*time.Millisecond) // what is still under way finds the port open
		return err
	}
}

// converse sends one request and reads its answer to the end.
func converse(ctx context.Context, session *quic.Conn) error {
	stream, err := session.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	if _, err := stream.Write([]byte("GET /service/update2\r\n")); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	buffer, total := make([]byte, 4096), 0
	for {
		n, err := stream.Read(buffer)
		total += n
		if err != nil && total > 0 {
			return nil // io.EOF, or the far end was done with us
		}
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
	}
}

// announce sends a datagram to a multicast group at a fixed period.
func (g *Gateway) announce(group string, ttl int, period time.Duration, datagram []byte) errand {
	to := netip.MustParseAddrPort(group)
	name := "announcement to " + group
	return errand{name, func(ctx context.Context) error {
		conn, err := g.host.Multicast(to, ttl)
		if err != nil {
			return err
		}
		defer conn.Close()
		return g.every(name, period, func(context.Context) error {
			_, err := conn.WriteTo(datagram, net.UDPAddrFromAddrPort(to))
			return err
		}).run(ctx)
	}}
}

func nestFarEnds() []far.End {
	return []far.End{
		{Host: "google-dns", Names: []string{"dns.google"}, Addr: NestDNS(), Services: far.Names},
		{Host: "google-tools", Names: []string{googleTools}, Services: far.Quic},
		{Host: "google-www", Names: []string{googleWWW}, Services: far.Quic},
		{Host: "google-stream", Names: []string{googleStream}, Services: far.Stream},
		{Host: "google-time", Names: nestTimeServers(), Services: far.Time},
		{Host: "google-others", Names: nestOthers(), Services: far.Web},
	}
}
