package hue

import (
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

const mdnsService = "_hue._tcp.local."

func mdnsQuestion() ([]byte, error) {
	name, err := dnsmessage.NewName(mdnsService)
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET}}}
	return m.Pack()
}

// announcement is what the records of one answer say, by lower-case name.
type announcement struct {
	instances []string // as written
	hosts     map[string]dnsmessage.SRVResource
	texts     map[string][]string
	addresses map[string]netip.Addr
}

// parseMDNS returns the bridges that an mDNS answer names. Where it gives no
// address, the sender's is taken.
func parseMDNS(packet []byte, from netip.Addr) []Found {
	a, ok := readAnnouncement(packet)
	if !ok {
		return nil
	}
	var found []Found
	for _, instance := range a.instances {
		key := strings.ToLower(instance)
		f := Found{Name: printable(strings.TrimSuffix(instance, "."+mdnsService))}
		for _, text := range a.texts[key] {
			name, value, _ := strings.Cut(text, "=")
			switch strings.ToLower(name) {
			case "bridgeid":
				f.ID = strings.ToLower(printable(value))
			case "modelid":
				f.Model = printable(value)
			}
		}
		address, port := from, uint16(443)
		if srv, ok := a.hosts[key]; ok {
			port = srv.Port
			if at, ok := a.addresses[strings.ToLower(srv.Target.String())]; ok {
				address = at
			}
		}
		if address.IsValid() && port != 0 {
			f.Addr = netip.AddrPortFrom(address, port)
			found = append(found, f)
		}
	}
	return found
}

// readAnnouncement reads the records of an answer; a damaged tail is ignored.
func readAnnouncement(packet []byte) (announcement, bool) {
	a := announcement{hosts: map[string]dnsmessage.SRVResource{}, texts: map[string][]string{}, addresses: map[string]netip.Addr{}}
	var p dnsmessage.Parser
	head, err := p.Start(packet)
	if err != nil || !head.Response || p.SkipAllQuestions() != nil {
		return a, false
	}
	a.read(p.Answer)
	if p.SkipAllAnswers() == nil && p.SkipAllAuthorities() == nil {
		a.read(p.Additional)
	}
	return a, len(a.instances) > 0
}

func (a *announcement) read(next func() (dnsmessage.Resource, error)) {
	for {
		r, err := next()
		if err != nil {
			return
		}
		name := strings.ToLower(r.Header.Name.String())
		switch body := r.Body.(type) {
		case *dnsmessage.PTRResource:
			if name == mdnsService {
				a.instances = append(a.instances, body.PTR.String())
			}
		case *dnsmessage.SRVResource:
			a.hosts[name] = *body
		case *dnsmessage.TXTResource:
			a.texts[name] = append(a.texts[name], body.TXT...)
		case *dnsmessage.AResource:
			a.addresses[name] = netip.AddrFrom4(body.A)
		}
	}
}
