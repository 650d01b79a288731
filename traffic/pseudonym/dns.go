package pseudonym

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// The DNS record types whose data hold names or addresses.
const (
	typeA, typeNS, typeCNAME, typeSOA, typePTR, typeMX          = 1, 2, 5, 6, 12, 15
	typeAAAA, typeSRV, typeDNAME, typeNSEC, typeSVCB, typeHTTPS = 28, 33, 39, 47, 64, 65
)

// dnsMessage is a message (RFC 1035) while its names and addresses are
// replaced: read from old, written to new, of equal length.
type dnsMessage struct {
	m        *Mapper
	old, new []byte
}

// dns replaces the names and addresses in a message in place. Data of records
// that it does not know, and what follows the first thing it cannot read, are
// overwritten with zeros.
func (m *Mapper) dns(b []byte) {
	const header, most = 12, 512
	if len(b) < header {
		clear(b)
		return
	}
	d := dnsMessage{m, slices.Clone(b), b}
	count := func(at int) int { return int(binary.BigEndian.Uint16(b[at:])) }
	questions := count(4)
	records := count(6) + count(8) + count(10)
	at, ok := header, true
	for i := 0; i < min(questions, most) && ok; i++ {
		if next, fine := d.name(at); fine && next+4 <= len(b) {
			at = next + 4
		} else {
			ok = false
		}
	}
	for i := 0; i < min(records, most) && ok; i++ {
		var next int
		if next, ok = d.record(at); ok {
			at = next
		}
	}
	clear(b[at:])
}

// record replaces one resource record and returns where the next begins.
func (d dnsMessage) record(at int) (next int, ok bool) {
	const fixed = 10
	at, ok = d.name(at)
	if !ok || at+fixed > len(d.old) {
		return 0, false
	}
	kind, size := binary.BigEndian.Uint16(d.old[at:]), int(binary.BigEndian.Uint16(d.old[at+8:]))
	at += fixed
	if at+size > len(d.old) {
		return 0, false
	}
	if end := at + size; !d.data(kind, at, end) {
		clear(d.new[at:end])
	}
	return at + size, true
}

// data replaces a record's data and tells whether all of it is accounted for.
func (d dnsMessage) data(kind uint16, at, end int) bool {
	switch kind {
	case typeA, typeAAAA:
		return d.address(at, end)
	case typeNS, typeCNAME, typePTR, typeDNAME:
		return d.names(at, end, 1) == end
	case typeMX:
		return d.names(at+2, end, 1) == end
	case typeSRV:
		return d.names(at+6, end, 1) == end
	case typeSOA:
		return d.names(at, end, 2) == end-20
	case typeNSEC:
		return d.names(at, end, 1) > 0
	case typeSVCB, typeHTTPS:
		return d.service(at, end)
	}
	return false
}

// names replaces n names and returns where they end, or −1.
func (d dnsMessage) names(at, end, n int) int {
	for range n {
		next, ok := d.name(at)
		if !ok || next > end {
			return -1
		}
		at = next
	}
	return at
}

func (d dnsMessage) address(at, end int) bool {
	addr, ok := netip.AddrFromSlice(d.old[at:end])
	if ok {
		copy(d.new[at:end], d.m.Addr(addr).AsSlice())
	}
	return ok
}

// service replaces the target and the address hints of a service binding (RFC
// 9460, section 2.2); other parameters but the protocols are zeroed.
func (d dnsMessage) service(at, end int) bool {
	const alpn, port, hint4, hint6 = 1, 3, 4, 6
	at = d.names(at+2, end, 1)
	if at < 0 {
		return false
	}
	for at+4 <= end {
		key, size := binary.BigEndian.Uint16(d.old[at:]), int(binary.BigEndian.Uint16(d.old[at+2:]))
		at += 4
		if at+size > end {
			return false
		}
		step := map[uint16]int{hint4: 4, hint6: 16}[key]
		switch {
		case step > 0 && size%step == 0:
			for o := at; o < at+size; o += step {
				d.address(o, o+step)
			}
		case key != alpn && key != port:
			clear(d.new[at : at+size])
		}
		at += size
	}
	return at == end
}

// name replaces the name at an offset, through any pointers, and returns where
// what follows it begins.
func (d dnsMessage) name(at int) (next int, ok bool) {
	const pointer, most = 0xc0, 128
	var labels []string
	var places []int
	for range most {
		if at >= len(d.old) {
			return 0, false
		}
		size := int(d.old[at])
		switch {
		case size == 0:
			if next == 0 {
				next = at + 1
			}
			d.write(labels, places)
			return next, true
		case size&pointer == pointer && at+2 <= len(d.old):
			if next == 0 {
				next = at + 2
			}
			at = int(binary.BigEndian.Uint16(d.old[at:]) &^ (pointer << 8))
		case size&pointer == 0 && at+1+size <= len(d.old):
			labels, places = append(labels, string(d.old[at+1:at+1+size])), append(places, at+1)
			at += 1 + size
		default:
			return 0, false
		}
	}
	return 0, false
}

func (d dnsMessage) write(labels []string, places []int) {
	if len(labels) == 0 || !d.m.mapLabels(labels) {
		return
	}
	for i, at := range places {
		copy(d.new[at:], labels[i])
	}
}
