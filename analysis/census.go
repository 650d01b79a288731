package analysis

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/traffic"
)

// censusMost bounds how many addresses a census remembers.
const censusMost = 1 << 14

// A census counts who sends, to name candidates when the gateway never appears.
type census struct {
	addrs map[netip.Addr]int
	macs  map[traffic.MAC]int
}

// watch passes the packets on and counts their senders.
func (c *census) watch(packets iter.Seq2[traffic.Packet, error]) iter.Seq2[traffic.Packet, error] {
	c.addrs, c.macs = make(map[netip.Addr]int), make(map[traffic.MAC]int)
	return func(yield func(traffic.Packet, error) bool) {
		for p, err := range packets {
			if err == nil && p.Src.IsValid() && len(c.addrs) < censusMost {
				c.addrs[p.Src.Unmap()]++
			}
			if err == nil && !p.SrcMAC.IsZero() && len(c.macs) < censusMost {
				c.macs[p.SrcMAC]++
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// most names the five commonest senders, by MAC where the gateway was given so.
func (c *census) most(g traffic.Gateway) string {
	if len(g.MACs) > 0 && len(c.macs) > 0 {
		return commonest(c.macs)
	}
	return commonest(c.addrs)
}

func commonest[K interface {
	comparable
	String() string
}](counts map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.String(), b.String()))
	})
	var names []string
	for _, key := range keys[:min(5, len(keys))] {
		names = append(names, fmt.Sprintf("%v (%d packets)", key, counts[key]))
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// addresses names a gateway by what it was given as.
func addresses(g traffic.Gateway) string {
	var out []string
	for _, m := range g.MACs {
		out = append(out, m.String())
	}
	for _, a := range g.Addrs {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}
