package hosts

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/traffic"
)

// The ports of what hosts say about themselves.
const (
	portDHCPServer = 67
	portDHCPClient = 68
	portSSDP       = 1900
	portMDNS       = 5353
	portLLMNR      = 5355
)

// mostRecords bounds how many records of one message are read.
const mostRecords = 128

// message learns from a datagram that the host sent.
func (h *Host) message(p *traffic.Packet) {
	switch {
	case p.SrcPort == portMDNS, p.SrcPort == portLLMNR:
		h.dns(p.Payload)
	case p.SrcPort == portDHCPClient && p.DstPort == portDHCPServer:
		h.dhcp(p.Payload)
	case p.SrcPort == portSSDP || p.DstPort == portSSDP:
		h.ssdp(p.Payload)
	}
}

// dhcp learns from what a client asks a server: options 12 and 60 (RFC 2132).
func (h *Host) dhcp(message []byte) {
	const hardwareLength, ethernet = 2, 6
	if len(message) <= hardwareLength || message[hardwareLength] != ethernet {
		return // the decoder below would read past its end
	}
	var d layers.DHCPv4
	_ = d.DecodeFromBytes(message, gopacket.NilDecodeFeedback) // what came before the fault counts
	for _, o := range d.Options {
		switch o.Type {
		case layers.DHCPOptHostname:
			h.called(strings.TrimRight(string(o.Data), "\x00"))
		case layers.DHCPOptClassID:
			h.Class = short(string(o.Data))
		}
	}
}

// ssdp learns the software of a host that announces itself or answers a search
// (UPnP Device Architecture 1.1, section 1).
func (h *Host) ssdp(message []byte) {
	if bytes.HasPrefix(message, []byte("M-SEARCH")) {
		return
	}
	const header = "server:"
	for line := range bytes.Lines(message) {
		if len(line) > len(header) && strings.EqualFold(string(line[:len(header)]), header) {
			h.Server = short(strings.TrimSpace(string(line[len(header):])))
		}
	}
}

// said is what an mDNS or LLMNR answer holds.
type said struct {
	hosts     []string // names that have addresses
	addresses []netip.Addr
	instances []string // names of service instances, as RFC 6763 calls them
	services  []string
	texts     []string
}

// dns learns from an answer that speaks of the host itself. One whose addresses
// are all of others is passed on by a reflector or a sleep proxy, and is none of
// the sender's.
func (h *Host) dns(message []byte) {
	s := read(message)
	mine := func(a netip.Addr) bool { return slices.Contains(h.Addresses, a) }
	if len(s.addresses) > 0 && !slices.ContainsFunc(s.addresses, mine) {
		return
	}
	for _, names := range [][]string{s.hosts, s.texts, s.instances} {
		for _, name := range names {
			h.called(name)
		}
	}
	for _, service := range s.services {
		h.offers(service)
	}
}

// read reads the records of an answer; none of a question, which lists answers
// of others that it knows already.
func read(message []byte) (s said) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || !header.Response || p.SkipAllQuestions() != nil {
		return s
	}
	for _, next := range []struct {
		header func() (dnsmessage.ResourceHeader, error)
		skip   func() error
		all    func() error
	}{
		{p.AnswerHeader, p.SkipAnswer, p.SkipAllAnswers},
		{p.AuthorityHeader, p.SkipAuthority, p.SkipAllAuthorities},
		{p.AdditionalHeader, p.SkipAdditional, p.SkipAllAdditionals},
	} {
		for range mostRecords {
			r, err := next.header()
			if err != nil {
				break
			}
			if s.record(&p, r, next.skip) != nil {
				return s
			}
		}
		if next.all() != nil {
			return s
		}
	}
	return s
}

// record reads one record. A goodbye (time to live 0) says that it is gone.
func (s *said) record(p *dnsmessage.Parser, r dnsmessage.ResourceHeader, skip func() error) error {
	name := r.Name.String()
	if r.TTL == 0 {
		return skip()
	}
	switch r.Type {
	case dnsmessage.TypeA:
		a, err := p.AResource()
		s.host(name, netip.AddrFrom4(a.A))
		return err
	case dnsmessage.TypeAAAA:
		a, err := p.AAAAResource()
		s.host(name, netip.AddrFrom16(a.AAAA).Unmap())
		return err
	case dnsmessage.TypeSRV:
		srv, err := p.SRVResource()
		s.instance(name)
		s.hosts = append(s.hosts, srv.Target.String())
		return err
	case dnsmessage.TypePTR:
		ptr, err := p.PTRResource()
		s.instance(ptr.PTR.String())
		return err
	case dnsmessage.TypeTXT:
		txt, err := p.TXTResource()
		s.text(txt.TXT)
		return err
	}
	return skip()
}

func (s *said) host(name string, a netip.Addr) {
	s.hosts, s.addresses = append(s.hosts, name), append(s.addresses, a)
}

// instance takes "Kitchen._hue._tcp.local." apart: a name and a service.
func (s *said) instance(name string) {
	instance, service, ok := strings.Cut(name, "._")
	if !ok || strings.HasPrefix(name, "_") {
		return // a list of services, or a name of addresses
	}
	s.instances = append(s.instances, instance)
	s.services = append(s.services, "_"+strings.TrimSuffix(strings.TrimSuffix(service, "."), ".local"))
}

// text takes the values that devices use for the names that their owners or
// makers gave them.
func (s *said) text(strs []string) {
	for _, text := range strs {
		key, value, _ := strings.Cut(text, "=")
		if key == "fn" || key == "md" {
			s.texts = append(s.texts, value)
		}
	}
}
