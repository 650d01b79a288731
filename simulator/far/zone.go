package far

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// A Zone is all that a lab's name servers know: the IPv4 address of each name,
// in lower case without the final dot.
type Zone map[string]netip.Addr

// Serve answers queries for A and PTR records from the zone until ctx ends. Of
// a known name it has no other records; unknown names do not exist.
func (z Zone) Serve(ctx context.Context, conn net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("name server: %w", err)
		}
		answer, err := z.answer(buffer[:n])
		if err != nil {
			continue // not a query: a name server stays silent
		}
		if _, err := conn.WriteTo(answer, from); err != nil && ctx.Err() == nil && errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("name server: %w", err)
		}
	}
}

// answer makes the reply to one query.
func (z Zone) answer(query []byte) ([]byte, error) {
	var p dnsmessage.Parser
	header, err := p.Start(query)
	if err != nil {
		return nil, err
	}
	q, err := p.Question()
	if err != nil || header.Response {
		return nil, errors.Join(errors.New("not a query"), err)
	}
	body, code := z.records(q)
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, RCode: code,
			RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{q},
	}
	if body != nil {
		head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET, TTL: 60}
		reply.Answers = []dnsmessage.Resource{{Header: head, Body: body}}
	}
	return reply.Pack()
}

func (z Zone) records(q dnsmessage.Question) (dnsmessage.ResourceBody, dnsmessage.RCode) {
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	if q.Type == dnsmessage.TypePTR {
		return z.pointer(name)
	}
	addr, known := z[name]
	switch {
	case !known:
		return nil, dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		return &dnsmessage.AResource{A: addr.As4()}, dnsmessage.RCodeSuccess
	}
	return nil, dnsmessage.RCodeSuccess
}

// pointer finds the name of an address written as 4.3.2.1.in-addr.arpa.
func (z Zone) pointer(name string) (dnsmessage.ResourceBody, dnsmessage.RCode) {
	for host, addr := range z {
		if addr.IsPrivate() && name == ReverseName(addr) {
			ptr, err := dnsmessage.NewName(host + ".")
			if err == nil {
				return &dnsmessage.PTRResource{PTR: ptr}, dnsmessage.RCodeSuccess
			}
		}
	}
	return nil, dnsmessage.RCodeNameError
}

// ReverseName is the name under which an IPv4 address's own name is asked for
// (RFC 1035, section 3.5).
func ReverseName(addr netip.Addr) string {
	b := addr.As4()
	return fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", b[3], b[2], b[1], b[0])
}
