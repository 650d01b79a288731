package decode

import (
	"encoding/binary"

	"github.com/hueprint/hueprint/traffic"
)

// transport decodes the transport header; length is what the IP header says
// its packet carries, of which the walk's data are the captured beginning.
func (w *walk) transport(length int) {
	w.p.Length = length
	if w.p.Fragment {
		w.p.Payload = w.data
		return
	}
	switch w.p.Protocol {
	case traffic.ProtocolTCP:
		w.tcp(length)
	case traffic.ProtocolUDP:
		w.udp(length)
	case traffic.ProtocolICMP, traffic.ProtocolICMPv6:
		w.icmp(length)
	case traffic.ProtocolIGMP:
		w.p.Payload = w.data
	default:
		w.p.Protocol = traffic.ProtocolOther
		w.p.Payload = w.data
	}
}

// ports reads the first four bytes of TCP and UDP.
func (w *walk) ports() bool {
	if len(w.data) < 4 {
		w.flaw = ShortTransport
		return false
	}
	w.p.SrcPort = binary.BigEndian.Uint16(w.data)
	w.p.DstPort = binary.BigEndian.Uint16(w.data[2:])
	return true
}

// tcp decodes a TCP header (RFC 9293). Where the recorder cut before the
// header's length, the shortest header is assumed for Length.
func (w *walk) tcp(length int) {
	const shortest = 20
	w.p.Length = max(0, length-shortest)
	if !w.ports() {
		return
	}
	if len(w.data) < 14 {
		w.flaw = ShortTransport
		if len(w.data) >= 8 {
			w.p.Seq = binary.BigEndian.Uint32(w.data[4:])
		}
		return
	}
	w.p.Seq = binary.BigEndian.Uint32(w.data[4:])
	w.p.Ack = binary.BigEndian.Uint32(w.data[8:])
	w.p.Flags = traffic.Flags(w.data[13] & 0x3f)
	header := int(w.data[12]>>4) * 4
	switch {
	case header < shortest || header > length:
		w.p.Length = 0
		w.flaw = BadTransport
	case header > len(w.data):
		w.p.Length = length - header
		w.flaw = ShortTransport
	default:
		w.p.Length = length - header
		w.p.Payload = w.data[header:]
	}
}

// udp decodes a UDP header (RFC 768). Of the two lengths, UDP's counts where
// it is the smaller one; a first fragment has only its own part.
func (w *walk) udp(length int) {
	const header = 8
	w.p.Length = max(0, length-header)
	if !w.ports() {
		return
	}
	if len(w.data) < header {
		w.flaw = ShortTransport
		return
	}
	said := int(binary.BigEndian.Uint16(w.data[4:]))
	if said != 0 && said < header || length < header {
		w.p.Length = 0
		w.flaw = BadTransport
		return
	}
	if said != 0 && said < length {
		w.p.Length = said - header
	}
	w.p.Payload = w.data[header:]
	if len(w.p.Payload) > w.p.Length {
		w.p.Payload = w.p.Payload[:w.p.Length]
	}
}

// icmp decodes an ICMP header of either version; SrcPort becomes type and
// code, DstPort the identifier of an echo (RFC 792, RFC 4443).
func (w *walk) icmp(length int) {
	const header = 8
	w.p.Length = max(0, length-header)
	if len(w.data) < 2 {
		w.flaw = ShortTransport
		return
	}
	w.p.SrcPort = binary.BigEndian.Uint16(w.data)
	if len(w.data) < header {
		if w.missing > 0 {
			w.flaw = ShortTransport
		}
		return
	}
	switch kind := w.data[0]; {
	case w.p.Protocol == traffic.ProtocolICMP && (kind == 0 || kind == 8),
		w.p.Protocol == traffic.ProtocolICMPv6 && (kind == 128 || kind == 129):
		w.p.DstPort = binary.BigEndian.Uint16(w.data[4:])
	}
	w.p.Payload = w.data[header:]
}
