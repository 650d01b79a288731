package wire

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// lookupPatience is how long one question waits for its answer, and
// lookupTries how often it is asked: resolv.conf's defaults shortened.
const (
	lookupPatience = 3 * time.Second
	lookupTries    = 2
)

// LookupA is [Host.Lookup] for a host that can dial: it asks the resolver for
// the name's A records over UDP port 53. A name that does not exist is a
// *net.DNSError with IsNotFound.
func LookupA(ctx context.Context, h Host, resolver netip.Addr, name string) ([]netip.Addr, error) {
	if !resolver.IsValid() {
		return nil, &net.DNSError{Err: "host has no resolver (set HostOptions.Resolver)", Name: name}
	}
	question, err := newQuestion(name)
	if err != nil {
		return nil, fmt.Errorf("look up %q: %w", name, err)
	}
	server := netip.AddrPortFrom(resolver, 53).String()
	for range lookupTries {
		var addrs []netip.Addr
		if addrs, err = ask(ctx, h, server, question); err == nil {
			return addrs, nil
		}
		var verdict *net.DNSError
		if errors.As(err, &verdict) || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("look up %q at %s: %w", name, server, err)
}

// newQuestion builds the query for the name's A records.
func newQuestion(name string) (dnsmessage.Message, error) {
	fqdn, err := dnsmessage.NewName(strings.TrimSuffix(name, ".") + ".")
	return dnsmessage.Message{
		Header:    dnsmessage.Header{ID: uint16(rand.Uint32()), RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: fqdn, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}, err
}

// ask sends the question once and waits for its answer, ignoring others.
func ask(ctx context.Context, h Host, server string, question dnsmessage.Message) ([]netip.Addr, error) {
	packed, err := question.Pack()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupPatience)
	defer cancel()
	conn, err := h.Dial(ctx, "udp", server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(packed); err != nil {
		return nil, err
	}
	buf := make([]byte, 1500)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, errors.Join(context.Cause(ctx), err)
		}
		var answer dnsmessage.Message
		if answer.Unpack(buf[:n]) == nil && answer.ID == question.ID && answer.Response {
			return addresses(answer, question.Questions[0].Name.String())
		}
	}
}

// addresses takes the A records out of an answer.
func addresses(answer dnsmessage.Message, name string) ([]netip.Addr, error) {
	if answer.RCode != dnsmessage.RCodeSuccess {
		return nil, &net.DNSError{Err: answer.RCode.String(), Name: name,
			IsNotFound: answer.RCode == dnsmessage.RCodeNameError}
	}
	var addrs []netip.Addr
	for _, r := range answer.Answers {
		if a, ok := r.Body.(*dnsmessage.AResource); ok {
			addrs = append(addrs, netip.AddrFrom4(a.A))
		}
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no A record", Name: name, IsNotFound: true}
	}
	return addrs, nil
}
