package hue

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// mdnsAnswer is what a bridge multicasts.
func mdnsAnswer(t testing.TB, id string, address *[4]byte) []byte {
	t.Helper()
	service := dnsmessage.MustNewName(mdnsService)
	instance := dnsmessage.MustNewName("Hue Bridge - 23ABCD." + mdnsService)
	host := dnsmessage.MustNewName(id + ".local.")
	head := func(n dnsmessage.Name, kind dnsmessage.Type) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: n, Type: kind, Class: dnsmessage.ClassINET | 0x8000, TTL: 120}
	}
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{{Header: head(service, dnsmessage.TypePTR), Body: &dnsmessage.PTRResource{PTR: instance}}},
		Additionals: []dnsmessage.Resource{
			{Header: head(instance, dnsmessage.TypeSRV), Body: &dnsmessage.SRVResource{Port: 443, Target: host}},
			{Header: head(instance, dnsmessage.TypeTXT), Body: &dnsmessage.TXTResource{TXT: []string{"bridgeid=" + id, "modelid=BSB002"}}},
		}}
	if address != nil {
		m.Additionals = append(m.Additionals, dnsmessage.Resource{Header: head(host, dnsmessage.TypeA), Body: &dnsmessage.AResource{A: *address}})
	}
	packet, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestParseMDNS(t *testing.T) {
	from := netip.MustParseAddr("192.0.2.9")
	want := Found{ID: testID, Model: "BSB002", Name: "Hue Bridge - 23ABCD", Addr: netip.MustParseAddrPort("192.0.2.2:443")}
	packet := mdnsAnswer(t, "001788FFFE23ABCD", &[4]byte{192, 0, 2, 2})
	if got := parseMDNS(packet, from); !reflect.DeepEqual(got, []Found{want}) {
		t.Errorf("got %+v", got)
	}
	want.Addr = netip.AddrPortFrom(from, 443)
	if got := parseMDNS(mdnsAnswer(t, "001788FFFE23ABCD", nil), from); !reflect.DeepEqual(got, []Found{want}) {
		t.Errorf("without an address: %+v", got)
	}
	question, _ := mdnsQuestion()
	if got := parseMDNS(question, from); got != nil {
		t.Errorf("a question: %+v", got)
	}
	for n := range packet {
		parseMDNS(packet[:n], from)
	}
}

// Several answers of one bridge are one find; junk and strangers are skipped.
func TestSearch(t *testing.T) {
	responder, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer responder.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 1500)
		_, from, err := responder.ReadFrom(packet)
		if err != nil {
			return
		}
		for _, p := range [][]byte{[]byte("junk"), mdnsAnswer(t, testID, nil), mdnsAnswer(t, testID, nil), mdnsAnswer(t, "001788fffe000001", &[4]byte{192, 0, 2, 7})} {
			responder.WriteTo(p, from)
		}
	}()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found, err := search(within(t, 200*time.Millisecond), []net.PacketConn{c}, responder.LocalAddr())
	<-done
	if err != nil || len(found) != 2 || found[0].Address() != "https://192.0.2.7" || found[1].Address() != "https://127.0.0.1" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestDiscoverInterface(t *testing.T) {
	if _, err := Discover(within(t, patience), "no-such-if"); err == nil {
		t.Error("searched on an interface that is not there")
	}
}

func TestDiscoverCloud(t *testing.T) {
	c := NewClient(ClientOptions{Timeout: time.Second})
	b := serve(t, answer(200, `[{"id":"001788FFFE23ABCD","internalipaddress":"192.0.2.2","port":443},
		{"id":"x","internalipaddress":"192.0.2.3"},{"id":"y","internalipaddress":"nowhere"},null]`))
	found, err := DiscoverCloud(within(t, patience), c, b.Address())
	want := []Found{{ID: testID, Addr: netip.MustParseAddrPort("192.0.2.2:443")}, {ID: "x", Addr: netip.MustParseAddrPort("192.0.2.3:443")}}
	if err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("%+v, %v", found, err)
	}
	for want, h := range map[error]http.HandlerFunc{ErrBusy: page(429), ErrAnswer: answer(200, `{}`), ErrTimeout: silent} {
		if _, err := DiscoverCloud(within(t, patience), c, serve(t, h).Address()); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if _, err := DiscoverCloud(within(t, patience), http.DefaultClient, "http://\x7f"); !errors.Is(err, ErrAddress) {
		t.Errorf("bad url: %v", err)
	}
}

// The question leaves as multicast by the named interface, and the answer comes
// back to the asking port. On loopback, so that no network is troubled.
func TestDiscoverMulticast(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip("needs a loopback interface named lo: ", err)
	}
	responder, err := net.ListenMulticastUDP("udp4", lo, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353})
	if err != nil {
		t.Fatal(err)
	}
	defer responder.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 1500)
		if _, from, err := responder.ReadFrom(packet); err == nil {
			responder.WriteTo(mdnsAnswer(t, testID, &[4]byte{127, 0, 0, 9}), from)
		}
	}()
	found, err := Discover(within(t, 300*time.Millisecond), "lo")
	responder.Close()
	<-done
	if err != nil || len(found) != 1 || found[0].Address() != "https://127.0.0.9" {
		t.Errorf("%+v, %v", found, err)
	}
}
