package reports_test

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/traffic"
)

func gateway() traffic.Gateway {
	return traffic.Gateway{Name: "alpha", MACs: []traffic.MAC{{2, 0, 0, 0, 0, 1}}}
}

// filters has steps of every kind with the filters that select them.
func filters() map[string]string {
	v := visible("alpha")
	g, traces := gateway(), []analysis.Trace{trace(v)}
	out := map[string]string{}
	add := func(name string, change func(*analysis.Step), g traffic.Gateway) {
		s := v.Pattern.Steps[0]
		change(&s)
		out[name] = reports.DisplayFilter(s, g, traces)
	}
	add("record", func(*analysis.Step) {}, g)
	add("one length", func(s *analysis.Step) { s.FrameMax = s.FrameMin }, g)
	add("received", func(s *analysis.Step) { *s = v.Pattern.Steps[1] }, g)
	add("union", func(s *analysis.Step) { s.Channel.Name, s.Channel.Port = "*", 0 }, g)
	add("question", func(s *analysis.Step) {
		s.Kind, s.Detail, s.Channel.Transport, s.Channel.Port = events.DNSQuestion, `x" || frame || "\y A`, "udp", 53
	}, g)
	add("flow start", func(s *analysis.Step) { s.Kind = events.FlowStart }, g)
	add("flow end", func(s *analysis.Step) { s.Kind = events.FlowEnd }, g)
	add("client hello", func(s *analysis.Step) { s.Kind = events.ClientHello }, g)
	add("icmp", func(s *analysis.Step) { s.Kind, s.Channel.Transport = events.ICMP, "icmp" }, g)
	add("addresses", func(*analysis.Step) {}, traffic.Gateway{Name: "alpha", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("fe80::1%eth0")}})
	for _, name := range evil {
		add("question for "+name, func(s *analysis.Step) { s.Kind, s.Detail = events.DNSQuestion, name+" AAAA" }, g)
	}
	return out
}

func TestDisplayFilter(t *testing.T) {
	got := filters()
	for name, want := range map[string]string{
		"record":       "eth.src == 02:00:00:00:00:01 && ip.dst == 203.0.113.9 && tcp.port == 443 && frame.len >= 448 && frame.len <= 449",
		"one length":   "eth.src == 02:00:00:00:00:01 && ip.dst == 203.0.113.9 && tcp.port == 443 && frame.len == 448",
		"received":     "eth.dst == 02:00:00:00:00:01 && ip.src == 203.0.113.9 && tcp.port == 443 && frame.len >= 272 && frame.len <= 273",
		"union":        "eth.src == 02:00:00:00:00:01 && ip.dst == 203.0.113.9 && tcp && frame.len >= 448 && frame.len <= 449",
		"question":     `eth.src == 02:00:00:00:00:01 && udp.port == 53 && dns.flags.response == 0 && dns.qry.name == "x\x22 \x7c\x7c frame \x7c\x7c \x22\x5cy" && frame.len >= 448 && frame.len <= 449`,
		"flow start":   "eth.src == 02:00:00:00:00:01 && tcp.port == 443 && tcp.flags.syn == 1 && tcp.flags.ack == 0",
		"client hello": "eth.src == 02:00:00:00:00:01 && tcp.port == 443 && tls.handshake.type == 1 && frame.len >= 448 && frame.len <= 449",
		"addresses":    "(ip.src in {192.0.2.1, 192.0.2.2} || ipv6.src == fe80::1) && ip.dst == 203.0.113.9 && tcp.port == 443 && frame.len >= 448 && frame.len <= 449",
	} {
		if got[name] != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got[name], want)
		}
	}
}

// Wireshark's own compiler takes every filter, whatever the names hold.
func TestWiresharkTakesFilters(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal("needs tshark")
		}
		t.Skip("needs tshark: install it to compile the filters")
	}
	empty := filepath.Join(t.TempDir(), "empty.pcap")
	header := "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00"
	if err := os.WriteFile(empty, []byte(header), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range filters() {
		all = append(all, "("+f+")")
	}
	if out, err := exec.Command(tshark, "-n", "-r", empty, "-Y", strings.Join(all, " || ")).CombinedOutput(); err != nil {
		for name, f := range filters() { // which one?
			if out, err := exec.Command(tshark, "-n", "-r", empty, "-Y", f).CombinedOutput(); err != nil {
				t.Errorf("%s: %s\n%s", name, f, out)
			}
		}
		t.Errorf("%s", out)
	}
	if err := exec.Command(tshark, "-n", "-r", empty, "-Y", "frame.len === 1 1").Run(); err == nil {
		t.Error("tshark takes what is no filter: the test shows nothing")
	}
}
