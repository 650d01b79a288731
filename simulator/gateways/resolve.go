package gateways

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/simulator/far"
)

// resolve finds the address of a name. A gateway whose name server is not the
// router's (Nest) asks the router when its own fails.
func (g *Gateway) resolve(ctx context.Context, name string) (netip.Addr, error) {
	addrs, err := g.host.Lookup(ctx, name)
	if err == nil && len(addrs) > 0 {
		return addrs[0], nil
	}
	if g.options.Kind == Nest && ctx.Err() == nil {
		if addr, again := g.askAddress(ctx, g.home.Router, name); again == nil {
			return addr, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("resolve %s: %w", name, errors.Join(err, noAddress(addrs)))
}

func noAddress(addrs []netip.Addr) error {
	if len(addrs) == 0 {
		return errors.New("no address")
	}
	return nil
}

// lookup resolves a name and does nothing with the answer.
func (g *Gateway) lookup(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := g.resolve(ctx, name)
		return err
	}
}

func (g *Gateway) askAddress(ctx context.Context, server netip.Addr, name string) (netip.Addr, error) {
	answer, err := g.ask(ctx, server, name, dnsmessage.TypeA)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, r := range answer.Answers {
		if a, ok := r.Body.(*dnsmessage.AResource); ok {
			return netip.AddrFrom4(a.A), nil
		}
	}
	return netip.Addr{}, errors.New("no address in the answer")
}

// ask sends one query of any type and waits up to two seconds for its answer.
func (g *Gateway) ask(ctx context.Context, server netip.Addr, name string, kind dnsmessage.Type) (dnsmessage.Message, error) {
	conn, err := g.host.Dial(ctx, "udp", netip.AddrPortFrom(server, 53).String())
	if err != nil {
		return dnsmessage.Message{}, err
	}
	defer conn.Close()
	id := uint16(hash(name + kind.String()))
	query, err := question(id, name, kind)
	if err != nil {
		return dnsmessage.Message{}, err
	}
	if _, err := conn.Write(query); err != nil {
		return dnsmessage.Message{}, err
	}
	return awaitAnswer(conn, id)
}

func question(id uint16, name string, kind dnsmessage.Type) ([]byte, error) {
	full, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return nil, fmt.Errorf("name %q: %w", name, err)
	}
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: full, Type: kind, Class: dnsmessage.ClassINET}},
	}
	return query.Pack()
}

func awaitAnswer(conn net.Conn, id uint16) (dnsmessage.Message, error) {
	var answer dnsmessage.Message
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return answer, err
	}
	buffer := make([]byte, 1500)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return answer, err
		}
		if answer.Unpack(buffer[:n]) == nil && answer.Response && answer.ID == id {
			return answer, nil
		}
	}
}

// sweep asks the router for the name of every address in the home, one query
// after the other.
func (g *Gateway) sweep(ctx context.Context) error {
	var failed error
	first := g.home.Prefix.Masked().Addr()
	for addr, n := first.Next(), 0; n < 254 && g.home.Prefix.Contains(addr); addr, n = addr.Next(), n+1 {
		if _, err := g.ask(ctx, g.home.Router, far.ReverseName(addr), dnsmessage.TypePTR); err != nil {
			failed = err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return failed
}

// synchronise asks a time server once.
func (g *Gateway) synchronise(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		addr, err := g.resolve(ctx, name)
		if err != nil {
			return err
		}
		conn, err := g.host.Dial(ctx, "udp", netip.AddrPortFrom(addr, 123).String())
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.Write(far.NTPRequest(time.Now())); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
			return err
		}
		if n, err := conn.Read(make([]byte, far.NTPLength)); err != nil || n < far.NTPLength {
			return fmt.Errorf("time server %s: answer of %d bytes: %w", name, n, err)
		}
		return nil
	}
}

// ping sends a burst of echo requests; unanswered ones are nobody's failure.
func (g *Gateway) ping(to netip.Addr, n int, apart time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := g.host.Ping(ctx, to, n, apart)
		return err
	}
}
