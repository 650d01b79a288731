package bundle

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"slices"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
	"github.com/hueprint/hueprint/traffic/tlsrec"
)

const (
	portDNS        = 53
	portMDNS       = 5353
	portDHCPServer = 67
	portDHCPClient = 68
)

// capture looks at every frame of a capture, and at what the file says of
// itself.
func (c *checker) capture(path string, r *pcapng.Reader) error {
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, pcapng.ErrTruncated) {
			break
		}
		if err != nil {
			return err
		}
		at := place{file: path, packet: f.Number}
		for _, comment := range r.Comments() {
			c.text(at, comment)
		}
		c.frame(at, &f)
	}
	at := place{file: path}
	s := r.Section()
	for _, text := range append([]string{s.Application, s.Hardware, s.OS}, s.Comments...) {
		c.text(at, text)
	}
	for _, i := range r.Interfaces() {
		c.text(at, i.Name+" "+i.Description+" "+i.Filter)
	}
	return nil
}

func (c *checker) frame(at place, f *traffic.Frame) {
	var p traffic.Packet
	decode.Frame(f, &p)
	c.mac(at, p.SrcMAC)
	c.mac(at, p.DstMAC)
	for _, addr := range []netip.Addr{p.Src, p.Dst} {
		if addr.IsValid() {
			c.address(at, addr)
		}
	}
	content := bytes.TrimRight(p.Payload, "\x00")
	if len(content) == 0 {
		return
	}
	between := func(port uint16) bool { return p.SrcPort == port || p.DstPort == port }
	switch udp := p.Protocol == traffic.ProtocolUDP; {
	case udp && (between(portDNS) || between(portMDNS)):
		c.dns(at, p.Payload)
	case udp && (between(portDHCPClient) || between(portDHCPServer)):
		c.dhcp(at, content)
	case p.Protocol == traffic.ProtocolTCP && len(content) > 9 && content[0] == 22 && content[5] == 1:
		c.host(at, tlsrec.ParseHello(content[5:]).ServerName)
	}
	c.forms(at, string(content))
}

// dns looks at the names, addresses and texts of a message.
func (c *checker) dns(at place, message []byte) {
	var p dnsmessage.Parser
	if _, err := p.Start(message); err != nil {
		return
	}
	questions, err := p.AllQuestions()
	for _, q := range questions {
		c.host(at, q.Name.String())
	}
	if err != nil {
		return
	}
	for _, section := range []func() ([]dnsmessage.Resource, error){p.AllAnswers, p.AllAuthorities, p.AllAdditionals} {
		records, err := section()
		for _, r := range records {
			c.host(at, r.Header.Name.String())
			c.record(at, r.Body)
		}
		if err != nil {
			return
		}
	}
}

func (c *checker) record(at place, body dnsmessage.ResourceBody) {
	switch r := body.(type) {
	case *dnsmessage.AResource:
		c.address(at, netip.AddrFrom4(r.A))
	case *dnsmessage.AAAAResource:
		c.address(at, netip.AddrFrom16(r.AAAA))
	case *dnsmessage.CNAMEResource:
		c.host(at, r.CNAME.String())
	case *dnsmessage.PTRResource:
		c.host(at, r.PTR.String())
	case *dnsmessage.NSResource:
		c.host(at, r.NS.String())
	case *dnsmessage.SRVResource:
		c.host(at, r.Target.String())
	case *dnsmessage.TXTResource:
		for _, text := range r.TXT {
			if text != "" {
				c.note(at, "text record of DNS", text)
			}
		}
	}
}

// dhcp looks for the names that a DHCP message tells (RFC 2132: host name 12,
// domain 15, vendor class 60, client 61; RFC 4702: full name 81).
func (c *checker) dhcp(at place, content []byte) {
	const options, pad, end = 240, 0, 255
	telling := []byte{12, 15, 60, 61, 81}
	if len(content) <= options {
		c.note(at, "DHCP message", "content of the message")
		return
	}
	for b := content[options:]; len(b) >= 2 && b[0] != end; {
		if b[0] == pad {
			b = b[1:]
			continue
		}
		size := min(int(b[1]), len(b)-2)
		if slices.Contains(telling, b[0]) {
			c.note(at, "host name in DHCP", string(b[2:2+size]))
		}
		b = b[2+size:]
	}
}
