package bridge_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/simulator/bridge"
)

// mdns serves on a loopback port and returns a way to ask it.
func mdns(t *testing.T, o bridge.Options, addr string) (ask func(dnsmessage.Message) (dnsmessage.Message, bool)) {
	t.Helper()
	b, err := bridge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.ServeMDNS(ctx, server, netip.MustParseAddr(addr), 443) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	client, err := net.Dial("udp4", server.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return func(m dnsmessage.Message) (dnsmessage.Message, bool) {
		t.Helper()
		packed, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write(packed); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 9000)
		_ = client.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := client.Read(buffer)
		if err != nil {
			return dnsmessage.Message{}, false
		}
		var reply dnsmessage.Message
		if err := reply.Unpack(buffer[:n]); err != nil {
			t.Fatal(err)
		}
		return reply, true
	}
}

func question(name string, kind dnsmessage.Type) dnsmessage.Message {
	return dnsmessage.Message{Header: dnsmessage.Header{ID: 77}, Questions: []dnsmessage.Question{
		{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET},
	}}
}

func TestDiscoveryByMDNS(t *testing.T) {
	ask := mdns(t, bridge.Options{ID: "001788fffe123456"}, "192.168.7.2")
	reply, ok := ask(question("_hue._tcp.local.", dnsmessage.TypePTR))
	if !ok || reply.ID != 77 || !reply.Response || len(reply.Answers) != 1 || len(reply.Additionals) != 3 {
		t.Fatalf("answered %v: %+v", ok, reply)
	}
	instance := reply.Answers[0].Body.(*dnsmessage.PTRResource).PTR.String()
	if instance != "Hue Bridge - 123456._hue._tcp.local." {
		t.Errorf("instance %q", instance)
	}
	srv := reply.Additionals[0].Body.(*dnsmessage.SRVResource)
	txt := reply.Additionals[1].Body.(*dnsmessage.TXTResource)
	a := reply.Additionals[2]
	if srv.Port != 443 || srv.Target.String() != "001788123456.local." || a.Header.Name != srv.Target {
		t.Errorf("SRV %+v, A %+v", srv, a)
	}
	if !slices.Equal(txt.TXT, []string{"bridgeid=001788fffe123456", "modelid=BSB002"}) {
		t.Errorf("TXT %q", txt.TXT)
	}
	if got := netip.AddrFrom4(a.Body.(*dnsmessage.AResource).A); got != netip.MustParseAddr("192.168.7.2") {
		t.Errorf("address %v", got)
	}
}

func TestMDNSAnswersWhatIsAskedOnly(t *testing.T) {
	ask := mdns(t, bridge.Options{ID: "001788fffe123456"}, "fd00::2")
	for _, test := range []struct {
		name    string
		kind    dnsmessage.Type
		answers int
	}{
		{"Hue Bridge - 123456._hue._tcp.local.", dnsmessage.TypeSRV, 1},
		{"hue bridge - 123456._HUE._tcp.local.", dnsmessage.TypeALL, 2},
		{"001788123456.local.", dnsmessage.TypeAAAA, 1},
		{"001788123456.local.", dnsmessage.TypeA, 0},
		{"_services._dns-sd._udp.local.", dnsmessage.TypePTR, 1},
		{"_http._tcp.local.", dnsmessage.TypePTR, 0},
	} {
		if reply, _ := ask(question(test.name, test.kind)); len(reply.Answers) != test.answers {
			t.Errorf("%s %v: %d answers, want %d", test.name, test.kind, len(reply.Answers), test.answers)
		}
	}
	known := question("_hue._tcp.local.", dnsmessage.TypePTR)
	known.Answers = []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("_hue._tcp.local."), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET, TTL: 4000},
		Body:   &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("Hue Bridge - 123456._hue._tcp.local.")},
	}}
	if reply, ok := ask(known); ok {
		t.Errorf("told what is known already: %+v", reply)
	}
}
