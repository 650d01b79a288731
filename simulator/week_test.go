package simulator_test

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/traffic"
	"golang.org/x/net/dns/dnsmessage"
)

// A census counts what a gateway does idle.
type census struct {
	names    map[netip.Addr][]string // of the lab's clouds, learnt from DNS
	asked    map[string]int          // DNS queries by name
	kinds    map[string]int          // DNS queries by type
	opened   map[string]int          // TCP connections by the far end's names and port
	quic     map[string]int          // QUIC conversations by far end
	pings    map[netip.Addr]int
	group    map[string]int // multicast datagrams by "group ttl"
	ntp      []time.Time
	servers  map[netip.Addr]bool // name servers asked
	frames   int
	initials map[string]bool
}

func newCensus() *census {
	return &census{
		names: map[netip.Addr][]string{}, asked: map[string]int{}, kinds: map[string]int{}, opened: map[string]int{},
		quic: map[string]int{}, pings: map[netip.Addr]int{}, group: map[string]int{}, servers: map[netip.Addr]bool{},
		initials: map[string]bool{},
	}
}

func (c *census) see(s sight) {
	c.frames++
	switch {
	case s.udp != nil && s.udp.DstPort == 53 && s.direction == traffic.Out:
		c.question(s)
	case s.udp != nil && s.udp.SrcPort == 53:
		c.answer(s)
	case s.udp != nil && s.udp.DstPort == 123:
		c.ntp = append(c.ntp, s.at)
	case s.udp != nil && s.dst.IsMulticast() && s.direction == traffic.Out:
		c.group[fmt.Sprintf("%v:%d ttl %d", s.dst, uint16(s.udp.DstPort), s.ttl)]++
	case s.udp != nil && s.udp.DstPort == 443:
		key := fmt.Sprint(s.src, s.udp.SrcPort, s.dst)
		if !c.initials[key] {
			c.initials[key] = true
			c.quic[c.name(s.dst)]++
		}
	case s.tcp != nil && s.direction == traffic.Out && s.tcp.SYN && !s.tcp.ACK:
		c.opened[fmt.Sprintf("%s:%d", c.name(s.dst), uint16(s.tcp.DstPort))]++
	case s.icmp != nil && s.direction == traffic.Out && s.icmp.TypeCode.Type() == layers.ICMPv4TypeEchoRequest:
		c.pings[s.dst]++
	}
}

func (c *census) name(addr netip.Addr) string {
	if names := c.names[addr]; len(names) > 0 {
		return names[0]
	}
	return addr.String()
}

func (c *census) question(s sight) {
	c.servers[s.dst] = true
	var m dnsmessage.Message
	if m.Unpack(s.payload) == nil && len(m.Questions) == 1 {
		q := m.Questions[0]
		c.kinds[q.Type.String()]++
		c.asked[q.Name.String()]++
	}
}

func (c *census) answer(s sight) {
	var m dnsmessage.Message
	if m.Unpack(s.payload) != nil {
		return
	}
	for _, r := range m.Answers {
		if a, ok := r.Body.(*dnsmessage.AResource); ok {
			addr, name := netip.AddrFrom4(a.A), m.Questions[0].Name.String()
			if !slices.Contains(c.names[addr], name) {
				c.names[addr] = append(c.names[addr], name)
			}
		}
	}
}

// idle lets a gateway alone for a time and counts.
func idle(t *testing.T, kind gateways.Kind, span time.Duration) *census {
	c := newCensus()
	o := simulator.LabOptions{Gateway: gateways.Defaults(kind), Subnet: 21, Seed: 7}
	b := open(t, o)
	defer b.close()
	b.watch(c.see)
	time.Sleep(span)
	if log := b.log.String(); log != "" {
		t.Errorf("something failed on an idle bench:\n%s", log)
	}
	return c
}

// A count is one habit: how often the paper saw it in its week, and by how much
// the simulated one may differ from its share of that.
type count struct {
	what      string
	got       int
	week      float64
	tolerance float64
}

// habits are the counts of the paper's section 4; where it gives none, those of
// the gateway's own description.
func (c *census) habits(kind gateways.Kind) []count {
	switch kind {
	case gateways.Aeotec:
		return []count{
			{"DNS queries", c.kinds["TypeA"], 39429, 250},
			{"API connections", c.opened["api.smartthings.com.:443"], 14446, 250},
			{"NTP", len(c.ntp), 0, 0},
		}
	case gateways.Echo:
		return []count{
			{"pings to the router", c.pings[netip.MustParseAddr("192.168.21.1")], 20160, 10},
			{"queries for the content", c.asked["d3p8zr0ffa9t17.cloudfront.net."], 2014, 2},
			{"API connections", c.opened["api.amazonalexa.com.:443"], 3047, 2},
			{"metrics", c.opened["device-metrics-us-2.amazon.com.:443"], 1204, 2},
			{"updates", c.opened["softwareupdates.amazon.com.:443"], 8, 7},
			{"NTP", len(c.ntp), 31, 1},
			{"polls of the bridge", c.opened["192.168.21.2:80"], 10080, 1},
		}
	case gateways.Nest:
		return []count{
			{"DNS queries", c.kinds["TypeA"] + c.kinds["TypeAAAA"], 33887, 700},
			{"QUIC to tools.google.com", c.quic["tools.google.com."], 406, 1},
			{"QUIC to www.google.com", c.quic["www.google.com."], 92, 35},
			{"pings to the name server", c.pings[gateways.NestDNS()], 20160, 2},
			{"pings to the router", c.pings[netip.MustParseAddr("192.168.21.1")], 20160, 2},
			{"first group", c.group["224.0.0.250:10101 ttl 4"], 30240, 1},
			{"second group", c.group["239.255.255.251:10101 ttl 4"], 30240, 1},
			{"long TLS streams", c.opened["clients3.google.com.:443"], 7 * 86400 / 2113.5, 20},
		}
	}
	return []count{
		{"PTR queries", c.kinds["TypePTR"], 168 * 254, 254},
		{"NTP", len(c.ntp), 295, 1},
		{"HTTP without names", c.opened["198.51.100.30:80"], 2889, 2},
		{"github.com streams", c.opened["github.com.:443"], 2 * 112, 2},
		{"pings", c.pings[netip.MustParseAddr("192.168.21.1")], 0, 0},
	}
}

// TestIdleHabits leaves each gateway alone for a virtual week (a day with
// -short or the race detector) and compares what it did with the paper.
func TestIdleHabits(t *testing.T) {
	span := 7 * 24 * time.Hour
	if testing.Short() || raceDetector {
		span = 24 * time.Hour
	}
	began := time.Now()
	t.Run("together", func(t *testing.T) {
		for _, kind := range gateways.Kinds() {
			t.Run(string(kind), func(t *testing.T) {
				t.Parallel()
				start := time.Now()
				synctest.Test(t, func(t *testing.T) { compare(t, kind, span) })
				t.Logf("took %v", time.Since(start).Round(time.Millisecond))
			})
		}
	})
	if total := time.Since(began); total > time.Minute && !raceDetector {
		t.Errorf("four gateways took %v for %v each, want at most a minute", total, span)
	}
}

// compare holds one gateway's idle time to the paper's counts.
func compare(t *testing.T, kind gateways.Kind, span time.Duration) {
	c := idle(t, kind, span)
	for _, h := range c.habits(kind) {
		want := h.week * float64(span) / float64(7*24*time.Hour)
		if math.Abs(float64(h.got)-want) > h.tolerance {
			t.Errorf("%s: %d in %v, want %.0f ± %.0f", h.what, h.got, span, want, h.tolerance)
		}
	}
	c.check(t, kind)
	t.Logf("%d frames in %v", c.frames, span)
}

// check demands what the counts do not say.
func (c *census) check(t *testing.T, kind gateways.Kind) {
	longest := time.Duration(0)
	for i := 1; i < len(c.ntp); i++ {
		longest = max(longest, c.ntp[i].Sub(c.ntp[i-1]))
	}
	server := netip.MustParseAddr("192.168.21.1")
	switch kind {
	case gateways.Aeotec:
		want := []string{"api.smartthings.com.", "dc-eu01-euwest1.connect.smartthings.com.", "fw-update2.smartthings.com."}
		if got := slices.Sorted(maps.Keys(c.asked)); !slices.Equal(got, want) {
			t.Errorf("asked for %v", got)
		}
	case gateways.Echo:
		// The stream's own name was asked for before the lab was ready.
		delete(c.asked, "bob-dispatch-prod-eu.amazon.com.")
		if len(c.asked) != 22 || c.kinds["TypeAAAA"] != 0 {
			t.Errorf("asked for %d names beside the stream's, %v", len(c.asked), c.kinds)
		}
	case gateways.Nest:
		server = gateways.NestDNS()
		if longest > 20*time.Minute {
			t.Errorf("%v passed between two NTP requests, want at most 20 minutes", longest)
		}
	case gateways.HomeAssistant:
		if want := 34*time.Minute + 8*time.Second; (longest - want).Abs() > time.Second {
			t.Errorf("%v passed between two NTP requests, want %v", longest, want)
		}
	}
	if len(c.servers) != 1 || !c.servers[server] {
		t.Errorf("asked the name servers %v, want only %v", c.servers, server)
	}
}
