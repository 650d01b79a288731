package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Names and times of multicast DNS (RFC 6762) and service discovery (RFC 6763).
const (
	hueService    = "_hue._tcp.local."
	serviceList   = "_services._dns-sd._udp.local."
	mdnsPort      = 5353
	longTTL       = 4500 // seconds, for records without an address
	shortTTL      = 120  // seconds, for records that name a host
	unicastWanted = 1 << 15
)

// ServeMDNS answers multicast DNS questions for _hue._tcp.local on conn: PTR,
// SRV, TXT (bridgeid, modelid) and A or AAAA, with addr and port as the place of the bridge.
// conn must receive what is sent to 224.0.0.251 port 5353. Answers go to that group, or to
// the asker if the question wants that or came from another port.
// It returns nil when ctx ends; conn is then closed.
func (b *Bridge) ServeMDNS(ctx context.Context, conn net.PacketConn, addr netip.Addr, port uint16) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer func() {
		if stop() {
			conn.Close()
		}
	}()
	buffer := make([]byte, 9000)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serve multicast DNS of the simulated bridge: %w", err)
		}
		reply, toGroup, ok := b.answerMDNS(buffer[:n], portOf(from), addr, port)
		if !ok {
			continue
		}
		to := from
		if toGroup {
			to = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: mdnsPort}
		}
		// A lost answer is nothing special on multicast: the asker asks again.
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := conn.WriteTo(reply, to); err != nil && ctx.Err() == nil {
			b.logger.Debug("multicast DNS answer not sent", "error", err)
		}
	}
}

func portOf(from net.Addr) int {
	if udp, ok := from.(*net.UDPAddr); ok {
		return udp.Port
	}
	return mdnsPort
}

// answerMDNS makes the answer to one message, if it asks for this bridge.
func (b *Bridge) answerMDNS(question []byte, fromPort int, addr netip.Addr, port uint16) (reply []byte, toGroup, ok bool) {
	var q dnsmessage.Message
	if err := q.Unpack(question); err != nil || q.Response {
		return nil, false, false
	}
	records := b.mdnsRecords(addr, port)
	var wanted []dnsmessage.Resource
	legacy := fromPort != mdnsPort
	unicast := legacy
	for _, one := range q.Questions {
		unicast = unicast || one.Class&unicastWanted != 0
		wanted = append(wanted, records.matching(one)...)
	}
	wanted = slices.DeleteFunc(wanted, func(r dnsmessage.Resource) bool { return alreadyKnown(q.Answers, r) })
	if len(wanted) == 0 {
		return nil, false, false
	}
	m := dnsmessage.Message{
		Header:  dnsmessage.Header{Response: true, Authoritative: true},
		Answers: wanted, Additionals: records.besides(wanted),
	}
	if legacy { // RFC 6762 section 6.7: as an ordinary DNS server would answer
		m.ID, m.Questions = q.ID, q.Questions
	}
	packed, err := m.Pack()
	return packed, !unicast, err == nil
}

// mdnsRecords are all records that the bridge announces.
type mdnsRecords []dnsmessage.Resource

func (b *Bridge) mdnsRecords(addr netip.Addr, port uint16) mdnsRecords {
	instance := dnsmessage.MustNewName("Hue Bridge - " + strings.ToUpper(b.id[10:]) + "." + hueService)
	host := dnsmessage.MustNewName(strings.ReplaceAll(b.MAC(), ":", "") + ".local.")
	service := dnsmessage.MustNewName(hueService)
	header := func(name dnsmessage.Name, ttl uint32) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: ttl}
	}
	place := dnsmessage.Resource{Header: header(host, shortTTL)}
	if addr = addr.Unmap(); addr.Is4() {
		place.Body = &dnsmessage.AResource{A: addr.As4()}
	} else {
		place.Body = &dnsmessage.AAAAResource{AAAA: addr.As16()}
	}
	records := mdnsRecords{
		{Header: header(service, longTTL), Body: &dnsmessage.PTRResource{PTR: instance}},
		{Header: header(instance, shortTTL), Body: &dnsmessage.SRVResource{Port: port, Target: host}},
		{Header: header(instance, longTTL), Body: &dnsmessage.TXTResource{TXT: []string{"bridgeid=" + b.id, "modelid=" + b.model}}},
		place,
		{Header: header(dnsmessage.MustNewName(serviceList), longTTL), Body: &dnsmessage.PTRResource{PTR: service}},
	}
	for i := range records {
		records[i].Header.Type = typeOf(records[i].Body)
	}
	return records
}

func typeOf(body dnsmessage.ResourceBody) dnsmessage.Type {
	switch body.(type) {
	case *dnsmessage.PTRResource:
		return dnsmessage.TypePTR
	case *dnsmessage.SRVResource:
		return dnsmessage.TypeSRV
	case *dnsmessage.TXTResource:
		return dnsmessage.TypeTXT
	case *dnsmessage.AResource:
		return dnsmessage.TypeA
	default:
		return dnsmessage.TypeAAAA
	}
}

// matching are the records that a question asks for.
func (rs mdnsRecords) matching(q dnsmessage.Question) []dnsmessage.Resource {
	var found []dnsmessage.Resource
	for _, r := range rs {
		named := strings.EqualFold(r.Header.Name.String(), q.Name.String())
		if named && (q.Type == r.Header.Type || q.Type == dnsmessage.TypeALL) {
			found = append(found, r)
		}
	}
	return found
}

// besides are the other records, so that nobody must ask again. The list of services is not among them.
func (rs mdnsRecords) besides(answers []dnsmessage.Resource) []dnsmessage.Resource {
	var rest []dnsmessage.Resource
	for _, r := range rs[:4] {
		if !slices.ContainsFunc(answers, func(a dnsmessage.Resource) bool { return a.Header == r.Header }) {
			rest = append(rest, r)
		}
	}
	return rest
}

// alreadyKnown says whether the asker listed a pointer with at least half of its life left (RFC 6762 section 7.1).
func alreadyKnown(known []dnsmessage.Resource, r dnsmessage.Resource) bool {
	mine, ok := r.Body.(*dnsmessage.PTRResource)
	if !ok {
		return false
	}
	return slices.ContainsFunc(known, func(k dnsmessage.Resource) bool {
		theirs, ok := k.Body.(*dnsmessage.PTRResource)
		return ok && k.Header.TTL >= r.Header.TTL/2 && strings.EqualFold(k.Header.Name.String(), r.Header.Name.String()) &&
			strings.EqualFold(theirs.PTR.String(), mine.PTR.String())
	})
}
