package names

import (
	"net/netip"
	"time"
)

// mostRuns bounds what is kept of one address.
const mostRuns = 256

// A Book holds the names of addresses and servers over time. The zero Book is
// empty and ready.
type Book struct {
	addrs   map[netip.Addr][]run
	servers map[netip.AddrPort][]run
}

// run is a name and the stretch of time in which it was told again and again
// with no other name in between.
type run struct {
	name        string
	first, last time.Time
}

// Learn notes that addr was called name at a time by the capturing host's
// clock. Call it in the order of time; empty names are ignored.
func (b *Book) Learn(addr netip.Addr, name string, at time.Time) {
	if b.addrs == nil {
		b.addrs = map[netip.Addr][]run{}
	}
	if name = Clean(name); name != "" && addr.IsValid() {
		addr = addr.Unmap()
		b.addrs[addr] = extend(b.addrs[addr], name, at)
	}
}

// LearnServer notes that a TLS client asked the server at addr for name.
func (b *Book) LearnServer(addr netip.AddrPort, name string, at time.Time) {
	if b.servers == nil {
		b.servers = map[netip.AddrPort][]run{}
	}
	if name = Clean(name); name != "" {
		b.servers[addr] = extend(b.servers[addr], name, at)
	}
}

// Name is what addr was called at a time: the name told last before, or else
// the one told first after; empty when none is known.
func (b *Book) Name(addr netip.Addr, at time.Time) string {
	return lookUp(b.addrs[addr.Unmap()], at)
}

// Server is the name by which TLS clients asked for the server at addr, chosen
// like that of [Book.Name].
func (b *Book) Server(addr netip.AddrPort, at time.Time) string {
	return lookUp(b.servers[addr], at)
}

// extend adds a name to the runs of an address.
func extend(runs []run, name string, at time.Time) []run {
	if n := len(runs); n > 0 && runs[n-1].name == name {
		runs[n-1].last = at
		return runs
	}
	if len(runs) >= mostRuns {
		return runs
	}
	return append(runs, run{name, at, at})
}

// lookUp picks the run that counts at a time.
func lookUp(runs []run, at time.Time) string {
	name := ""
	for i, r := range runs {
		if i > 0 && r.first.After(at) {
			break
		}
		name = r.name
	}
	return name
}
