// Package filter compiles a gateway's addresses to a kernel packet filter.
//
// The filter lets through every frame that the gateway sent or received, by its
// MAC addresses or by its IP addresses in IPv4, IPv6 and ARP, inside of up to
// two VLAN tags too; and the marker frames by which a recording proves itself.
// When in doubt it lets through: package analysis decides whose a packet is.
// It compiles addresses, not expressions in the language of tcpdump; but
// [Expression] writes the same filter in that language.
package filter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/bpf"

	"github.com/hueprint/hueprint/traffic"
)

// MarkerType is the EtherType of marker frames, one of the two that IEEE 802
// sets aside for local experiments.
const MarkerType = 0x88B5

// MarkerMagic begins the payload of a marker frame.
const MarkerMagic = "hueprint"

const (
	typeIPv4 = 0x0800
	typeARP  = 0x0806
	typeVLAN = 0x8100
	typeQinQ = 0x88A8
	typeOld  = 0x9100 // QinQ before the standard
	typeIPv6 = 0x86DD

	maxInstructions = 4096 // the kernel's limit
)

// Compile makes the filter of a gateway for frames of a link type, Ethernet or
// raw IP, that keeps at most snaplen bytes of each. A gateway without addresses
// lets everything through.
func Compile(g traffic.Gateway, link traffic.LinkType, snaplen uint32) ([]bpf.RawInstruction, error) {
	accept := bpf.RetConstant{Val: snaplen}
	var p program
	switch {
	case len(g.MACs)+len(g.Addrs) == 0:
		p = program{accept}
	case link == traffic.LinkEthernet:
		p = ethernet(g, accept)
	case link == traffic.LinkRaw && len(g.Addrs) == 0:
		return nil, fmt.Errorf("compile filter of gateway %s: the interface has no MAC addresses (give the gateway's IP address)", g.Name)
	case link == traffic.LinkRaw:
		p = rawIP(g, accept)
	default:
		return nil, fmt.Errorf("compile filter of gateway %s: link type %d is not supported", g.Name, link)
	}
	if len(p) > maxInstructions {
		return nil, fmt.Errorf("compile filter of gateway %s: %d addresses are too many for the kernel (leave out some, its MAC is enough)",
			g.Name, len(g.MACs)+len(g.Addrs))
	}
	raw, err := bpf.Assemble(p)
	if err != nil {
		return nil, fmt.Errorf("compile filter of gateway %s: %w", g.Name, err)
	}
	return raw, nil
}

// A program is a list of steps, each of which accepts the frame at once or goes
// on to the next.
type program []bpf.Instruction

func ethernet(g traffic.Gateway, accept bpf.RetConstant) program {
	var p program
	for _, m := range g.MACs {
		p = append(p, hasMAC(m, 0, accept)...)
		p = append(p, hasMAC(m, 6, accept)...)
	}
	p = append(p, isMarker(accept)...)
	for tags := range uint32(3) { // at each depth of VLAN tags
		at := 14 + 4*tags
		if tags > 0 {
			p = append(p, unlessTagged(at-6)...)
		}
		p = append(p, whenType(at-2, typeIPv4, hasIPv4(g, at+12, at+16, accept))...)
		p = append(p, whenType(at-2, typeARP, hasIPv4(g, at+14, at+24, accept))...)
		p = append(p, whenType(at-2, typeIPv6, hasIPv6(g, at+8, at+24, accept))...)
	}
	return append(p, bpf.RetConstant{Val: 0})
}

func rawIP(g traffic.Gateway, accept bpf.RetConstant) program {
	when := func(version uint32, body program) program {
		return append(program{
			bpf.LoadAbsolute{Off: 0, Size: 1},
			bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: version, SkipTrue: 1},
			bpf.Jump{Skip: uint32(len(body))},
		}, body...)
	}
	p := when(4, hasIPv4(g, 12, 16, accept))
	p = append(p, when(6, hasIPv6(g, 8, 24, accept))...)
	return append(p, bpf.RetConstant{Val: 0})
}

// whenType runs body if the 16 bits at off are the given EtherType.
func whenType(off, etherType uint32, body program) program {
	return append(program{
		bpf.LoadAbsolute{Off: off, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherType, SkipTrue: 1},
		bpf.Jump{Skip: uint32(len(body))},
	}, body...)
}

// unlessTagged refuses the frame unless a VLAN tag begins at off.
func unlessTagged(off uint32) program {
	return program{
		bpf.LoadAbsolute{Off: off, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: typeVLAN, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: typeQinQ, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: typeOld, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
	}
}

// word is 16 or 32 bits that a frame must have at a place.
type word struct {
	off  uint32
	size int
	val  uint32
}

// all accepts the frame if it has all words. A frame too short for one of them
// is refused by the kernel.
func all(accept bpf.RetConstant, words ...word) program {
	var p program
	for i, w := range words {
		rest := 2*(len(words)-i-1) + 1
		p = append(p, bpf.LoadAbsolute{Off: w.off, Size: w.size},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: w.val, SkipTrue: uint8(rest)})
	}
	return append(p, accept)
}

// hasMAC compares the end of the address first, where devices differ.
func hasMAC(m traffic.MAC, off uint32, accept bpf.RetConstant) program {
	return all(accept,
		word{off + 2, 4, binary.BigEndian.Uint32(m[2:])},
		word{off, 2, uint32(binary.BigEndian.Uint16(m[:]))})
}

// isMarker looks at the type first, so that a frame too short for a marker is
// not refused unless it claims to be one.
func isMarker(accept bpf.RetConstant) program {
	return all(accept,
		word{12, 2, MarkerType},
		word{14, 4, binary.BigEndian.Uint32([]byte(MarkerMagic))},
		word{18, 4, binary.BigEndian.Uint32([]byte(MarkerMagic)[4:])})
}

func hasIPv4(g traffic.Gateway, src, dst uint32, accept bpf.RetConstant) (p program) {
	for _, a := range g.Addrs {
		if a = a.Unmap(); a.Is4() {
			b := a.As4()
			value := binary.BigEndian.Uint32(b[:])
			p = append(p, all(accept, word{src, 4, value})...)
			p = append(p, all(accept, word{dst, 4, value})...)
		}
	}
	return p
}

// hasIPv6 compares the end of the address first, as hasMAC does.
func hasIPv6(g traffic.Gateway, src, dst uint32, accept bpf.RetConstant) (p program) {
	for _, a := range g.Addrs {
		if a = a.Unmap(); !a.Is6() {
			continue
		}
		b := a.As16()
		for _, off := range []uint32{src, dst} {
			var words []word
			for i := 12; i >= 0; i -= 4 {
				words = append(words, word{off + uint32(i), 4, binary.BigEndian.Uint32(b[i:])})
			}
			p = append(p, all(accept, words...)...)
		}
	}
	return p
}

// Expression writes the filter for people and for tcpdump, without the marker.
// It is empty if everything is let through.
func Expression(g traffic.Gateway) string {
	var terms []string
	for _, m := range g.MACs {
		terms = append(terms, "ether host "+m.String())
	}
	for _, a := range g.Addrs {
		terms = append(terms, "host "+withoutZone(a).String())
	}
	plain := strings.Join(terms, " or ")
	if len(g.Addrs) == 0 || len(g.MACs) > 0 { // a MAC is found before the tag as well
		return plain
	}
	return plain + " or (vlan and (" + plain + "))"
}

func withoutZone(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
