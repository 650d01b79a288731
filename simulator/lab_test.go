package simulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/memory"
	"github.com/hueprint/hueprint/traffic"
)

func onMemory(o wire.Options) (wire.Network, error) { return memory.New(o) }

// A bench is a lab under test with everything that its tap saw.
type bench struct {
	*testing.T
	lab   *simulator.Lab
	start time.Time
	log   *lockedLog
	after time.Duration // how long to watch after a change

	mu    sync.Mutex
	calls []sight
}

// A sight is one frame of the tap, in the terms of the gateway.
type sight struct {
	at        time.Time
	direction traffic.Direction
	size      int // of the frame
	src, dst  netip.Addr
	protocol  layers.IPProtocol
	tcp       *layers.TCP
	udp       *layers.UDP
	icmp      *layers.ICMPv4
	ttl       uint8
	arp       bool
	payload   []byte
}

// open builds a lab and waits until it is ready.
func open(t *testing.T, o simulator.LabOptions) *bench {
	t.Helper()
	b := &bench{T: t, start: time.Now(), log: &lockedLog{}, after: 3 * time.Second}
	if o.Wire == nil {
		o.Wire = onMemory
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	lab, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.lab = lab
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := lab.Ready(ctx); err != nil {
		t.Fatalf("%v\n%s", err, b.log)
	}
	return b
}

func (b *bench) close() {
	b.Helper()
	if err := b.lab.Close(); err != nil {
		b.Errorf("close: %v", err)
	}
}

// watch taps the gateway's cable and hands over every frame, decoded.
func (b *bench) watch(see func(sight)) {
	b.Helper()
	us := b.lab.Gateway().MACs[0]
	if _, err := b.lab.Network().Tap(simulator.GatewayHost, func(f traffic.Frame) { see(decode(f, us)) }); err != nil {
		b.Fatal(err)
	}
}

// record keeps every frame from now on.
func (b *bench) record() {
	b.watch(func(s sight) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.calls = append(b.calls, s)
	})
}

// seen are the recorded frames.
func (b *bench) seen() []sight {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]sight(nil), b.calls...)
}

// decode copies what the tests look at; the frame itself is only lent.
func decode(f traffic.Frame, us traffic.MAC) sight {
	s := sight{at: f.Time, size: f.Wire, direction: traffic.None}
	packet := gopacket.NewPacket(bytes.Clone(f.Data), layers.LayerTypeEthernet, gopacket.NoCopy)
	if e, ok := packet.LinkLayer().(*layers.Ethernet); ok {
		switch {
		case bytes.Equal(e.SrcMAC, us[:]):
			s.direction = traffic.Out
		case bytes.Equal(e.DstMAC, us[:]):
			s.direction = traffic.In
		}
		s.arp = e.EthernetType == layers.EthernetTypeARP
	}
	if ip, ok := packet.NetworkLayer().(*layers.IPv4); ok {
		s.src, _ = netip.AddrFromSlice(ip.SrcIP)
		s.dst, _ = netip.AddrFromSlice(ip.DstIP)
		s.protocol, s.ttl = ip.Protocol, ip.TTL
	}
	s.tcp, _ = packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
	s.udp, _ = packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
	s.icmp, _ = packet.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
	switch {
	case s.tcp != nil:
		s.payload = s.tcp.Payload
	case s.udp != nil:
		s.payload = s.udp.Payload
	}
	return s
}

// set switches the bench's light through the bridge's v1 API, from the
// controller.
func (b *bench) set(on bool) {
	b.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DialContext: b.lab.Controller().Dial, DisableKeepAlives: true,
	}}
	defer client.CloseIdleConnections()
	url := fmt.Sprintf("http://%s/api/%s/lights/1/state", b.lab.BridgeAddr(), b.lab.Key())
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPut, url, strings.NewReader(fmt.Sprintf(`{"on":%v}`, on)))
	if err != nil {
		b.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(response.Body); err != nil || !strings.Contains(answer.String(), "success") {
		b.Fatalf("set %v: %v %s", on, err, answer.String())
	}
}

// A lockedLog keeps what was logged.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// virtually runs a test in virtual time.
func virtually(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// longStream is the address of the cloud that the gateway's stream goes to.
func longStream(b *bench) netip.Addr {
	b.Helper()
	name := map[gateways.Kind]string{
		gateways.Aeotec: "dc-eu01-euwest1.connect.smartthings.com", gateways.Echo: "bob-dispatch-prod-eu.amazon.com",
		gateways.Nest: "clients3.google.com", gateways.HomeAssistant: "cloud.nabucasa.com",
	}[b.lab.Truth().Kind]
	addrs, err := b.lab.Controller().Lookup(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	return addrs[0]
}

// bridgeIdentity trusts the bridge with the id.
func bridgeIdentity(id string) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if name := state.PeerCertificates[0].Subject.CommonName; name != id {
				return fmt.Errorf("certificate of %q, want %q", name, id)
			}
			return nil
		},
	}
}
