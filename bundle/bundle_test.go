package bundle_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/bundle"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/pseudonym"
)

const (
	appKey  = "SECRETkeySECRETkeySECRETkeySECRETkey1234"
	hostile = "</script><b>\x1b[31m\t=cmd()\";"
)

var (
	noon    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	gateway = traffic.MAC{0x68, 0x54, 0xfd, 0x11, 0x22, 0x33}
	router  = traffic.MAC{0x98, 0x9b, 0xcb, 0x44, 0x55, 0x66}
	longest = strings.Repeat("L", 63)
)

// frames are one of each kind that a home has.
func frames(t *testing.T) (all []traffic.Frame) {
	t.Helper()
	add := func(stack ...gopacket.SerializableLayer) {
		b := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
			t.Fatal(err)
		}
		data := bytes.Clone(b.Bytes())
		all = append(all, traffic.Frame{Time: noon.Add(time.Duration(len(all)) * time.Second), Link: traffic.LinkEthernet, Data: data, Wire: len(data)})
	}
	ether := func(kind layers.EthernetType) *layers.Ethernet {
		return &layers.Ethernet{SrcMAC: gateway[:], DstMAC: router[:], EthernetType: kind}
	}
	ip := func(to string, p layers.IPProtocol) *layers.IPv4 {
		return &layers.IPv4{Version: 4, TTL: 64, Id: uint16(len(all)), Protocol: p, SrcIP: net.IP{192, 168, 1, 20}, DstIP: net.ParseIP(to).To4()}
	}
	udp := func(to string, port uint16, payload []byte) {
		h, u := ip(to, layers.IPProtocolUDP), &layers.UDP{SrcPort: layers.UDPPort(port), DstPort: layers.UDPPort(port)}
		_ = u.SetNetworkLayerForChecksum(h)
		add(ether(layers.EthernetTypeIPv4), h, u, gopacket.Payload(payload))
	}
	add(ether(layers.EthernetTypeARP), &layers.ARP{AddrType: 1, Protocol: 0x0800, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
		SourceHwAddress: gateway[:], SourceProtAddress: []byte{192, 168, 1, 20}, DstHwAddress: make([]byte, 6), DstProtAddress: []byte{192, 168, 1, 1}})
	udp("255.255.255.255", 67, append(make([]byte, 240), "\x0c\x0cJanes-iPhone\xff"...))
	udp("224.0.0.251", 5353, answer(t, "Janes-iPhone.local.", "_hue._tcp.local.", longest+".local."))
	udp("8.8.8.8", 53, answer(t, "www.example.com.", "jane.example.com.", "a.b.example.com."))
	h, tcp := ip("52.1.2.3", layers.IPProtocolTCP), &layers.TCP{SrcPort: 40000, DstPort: 80, Seq: 1, ACK: true}
	_ = tcp.SetNetworkLayerForChecksum(h)
	add(ether(layers.EthernetTypeIPv4), h, tcp, gopacket.Payload("GET /api/"+appKey+"/lights?mail=jane@example.com HTTP/1.1\r\nCookie: secret=1\r\nssid=JanesHome\r\n\r\n"))
	six := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: net.ParseIP("2a02:1:2:3:6a54:fdff:fe11:2233"), DstIP: net.ParseIP("2a00:1450:4001::1")}
	u := &layers.UDP{SrcPort: 1, DstPort: 2}
	_ = u.SetNetworkLayerForChecksum(six)
	add(ether(layers.EthernetTypeIPv6), six, u, gopacket.Payload("hello"))
	return all
}

// answer is a DNS message with names, addresses and a text of a person's.
func answer(t *testing.T, host, service, alias string) []byte {
	t.Helper()
	name := dnsmessage.MustNewName
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{Response: true})
	b.EnableCompression()
	head := func(n string) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: name(n), Class: dnsmessage.ClassINET}
	}
	public, _ := netip.ParseAddr("52.1.2.3")
	err := errors.Join(b.StartQuestions(), b.Question(dnsmessage.Question{Name: name(host), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}),
		b.StartAnswers(),
		b.CNAMEResource(head(host), dnsmessage.CNAMEResource{CNAME: name(alias)}),
		b.AResource(head(alias), dnsmessage.AResource{A: public.As4()}),
		b.PTRResource(head(service), dnsmessage.PTRResource{PTR: name(host)}),
		b.SRVResource(head(service), dnsmessage.SRVResource{Target: name(host)}),
		b.TXTResource(head(host), dnsmessage.TXTResource{TXT: []string{"owner=Jane"}}))
	if err != nil {
		t.Fatal(err)
	}
	message, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// original is a run folder full of what must not be published.
func original(t *testing.T) *runs.Folder {
	t.Helper()
	e, _ := experiments.Preset("demo")
	e.Light, e.Gateways = "1", []string{"echo"}
	id, err := runs.NewID(noon, strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := runs.Create(t.TempDir(), experiments.Run{ID: id, Version: "test", Via: "bridge", Prepared: noon, Plan: experiments.NewPlan(e, 7),
		Bridge: experiments.BridgeIdentity{Name: "Janes Hue", ID: "001788fffe112233", Model: "BSB002", Address: "https://192.168.1.2"},
		Gateways: []experiments.Gateway{{Addresses: traffic.Gateway{Name: "echo", MACs: []traffic.MAC{gateway}, Addrs: []netip.Addr{netip.MustParseAddr("192.168.1.20")}},
			Interface: "enx001122", Peers: traffic.Peers{Bridge: []netip.Addr{netip.MustParseAddr("192.168.1.2")}, Home: []netip.Prefix{netip.MustParsePrefix("93.184.216.0/24")}}}}})
	if err != nil {
		t.Fatal(err)
	}
	sink, err := f.Sink("echo", runs.Tap{Interface: "enx001122", Filter: "ether host " + gateway.String(), Application: "hueprint test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range frames(t) {
		err = errors.Join(err, sink.Frame(frame))
	}
	rec := traffic.Recording{Gateway: "echo", Interface: "enx001122", Filter: "ether host " + gateway.String(), Start: noon, Proved: noon, End: noon.Add(time.Minute),
		Proof: "a frame of 192.168.1.20 on enx001122"}
	err = errors.Join(err, sink.Close(), f.Recording(rec), f.Started(noon),
		f.Result(experiments.Command{Slot: 0, Light: "1", Action: experiments.On, Planned: noon, Begun: noon,
			Receipt: experiments.Receipt{Outcome: experiments.Failed, Failure: "PUT http://user:pass@bridge.jane.home/api/" + appKey + "/lights/1: 52.1.2.3 refused"}}),
		f.Note("/home/jane/lab/runs is nearly full; write to jane@example.com "+hostile), f.End(noon.Add(time.Minute), experiments.Complete, ""), f.Seal())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// everything is all files below dir, with their names.
func everything(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			all.WriteString(path[len(dir):] + "\n" + string(data) + "\n")
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func write(t *testing.T, f *runs.Folder, o bundle.Options) (dir string, m bundle.Manifest) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "dataset")
	m, err := bundle.Write(dir, []*runs.Folder{f}, pseudonym.Key{7}, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func TestNothingPersonalIsPublished(t *testing.T) {
	f := original(t)
	before := everything(t, f.Dir())
	for _, o := range []bundle.Options{{Names: pseudonym.KeepNames}, {Names: pseudonym.HashNames, Shift: true, Licence: "CC-BY-4.0 \n# x", Words: []string{"jane"}}} {
		dir, m := write(t, f, o)
		traces, err := bundle.Check(dir, []string{"Jane", "jane"})
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range traces {
			if !(o.Names == pseudonym.KeepNames && strings.HasSuffix(trace.File, ".pcapng") && trace.Found == "jane") { // jane.example.com, a public name
				t.Errorf("left: %v", trace)
			}
		}
		all := everything(t, dir)
		for _, secret := range []string{appKey, "Janes", "/home/jane", "jane@", "192.168.1.20", "52.1.2.3", "8.8.8.8", gateway.String(), string(gateway[:]), string(router[:]),
			"112233", "enx001122", "SECRET", "Cookie", "owner=", longest, "user:pass", f.ID() + "x"} {
			if strings.Contains(all, secret) {
				t.Errorf("names %s: the bundle holds %q", o.Names, secret)
			}
		}
		if o.Shift == strings.Contains(all, f.ID()) || o.Shift == strings.Contains(all, "2026-11-22") {
			t.Errorf("shift %v: the ID or the date is there, or not", o.Shift)
		}
		if strings.Contains(all, "\x1b") && !strings.Contains(before, "\x1b") {
			t.Error("an escape sequence stands in a text file")
		}
		verify(t, dir, m)
	}
	if everything(t, f.Dir()) != before {
		t.Error("the original was changed")
	}
}

// verify demands that the copy is a run like any other.
func verify(t *testing.T, dir string, m bundle.Manifest) {
	t.Helper()
	for name, want := range m.Files {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || int64(len(data)) != want.Bytes {
			t.Errorf("%s: %d bytes, %v, want %d", name, len(data), err, want.Bytes)
		}
	}
	folder, err := runs.Open(filepath.Join(dir, m.Runs[0].Folder))
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Verify(); err != nil {
		t.Error(err)
	}
	run, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	n, first := 0, time.Time{}
	for frame, err := range folder.Frames("echo") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			first = frame.Time
		}
	}
	switch {
	case n != len(frames(t)):
		t.Errorf("%d frames, want %d", n, len(frames(t)))
	case !first.Equal(run.Started), run.Ending != experiments.Complete, len(run.Commands) != 1, run.Recordings[0].Keep != traffic.KeepRecords:
		t.Errorf("first frame at %v, run %+v", first, run)
	case run.Commands[0].Outcome != experiments.Failed, run.Gateways[0].Name() != "echo", run.Gateways[0].Interface != "tap1":
		t.Errorf("run %+v", run)
	case run.Gateways[0].Addresses.MACs[0] == gateway, [3]byte(run.Gateways[0].Addresses.MACs[0][:3]) != [3]byte(gateway[:3]):
		t.Errorf("gateway %+v", run.Gateways[0])
	}
	if !strings.Contains(run.Notes[0], hostile[:9]) {
		t.Errorf("note %q", run.Notes[0])
	}
}

func TestCheckNamesEachTraceWithItsPlace(t *testing.T) {
	f := original(t)
	traces, err := bundle.Check(f.Dir(), []string{"Janes"})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, trace := range traces {
		all.WriteString(trace.String() + "\n")
		if strings.Contains(trace.String(), appKey) || strings.ContainsRune(trace.String(), 0x1b) {
			t.Errorf("the list itself holds a secret or an escape sequence: %s", trace)
		}
	}
	capture := "capture/echo-0001.pcapng: packet "
	for _, want := range []string{
		capture + `2: host name in DHCP: "Janes-iPhone"`,
		capture + `3: host name: "Janes-iPhone.local."`,
		capture + `3: text record of DNS: "owner=Jane"`,
		capture + `4: public IP address, no pseudonym: "8.8.8.8"`,
		capture + `5: key, password or cookie: `,
		capture + `5: mail address: "jane@example.com"`,
		capture + `5: network name of Wi-Fi: "ssid=JanesHome"`,
		capture + `6: public IP address, no pseudonym: "2a00:1450:4001::1"`,
		capture + `1: MAC address, no pseudonym: "` + gateway.String(),
		`run.json:`, `a word that must not appear: "Janes"`,
		`commands.jsonl:4: home folder: "/home/jane"`,
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(all.String())
	}
}

func TestEqualKeysGiveEqualBundles(t *testing.T) {
	f := original(t)
	a, _ := write(t, f, bundle.Options{Names: pseudonym.HashNames, Shift: true})
	b, _ := write(t, f, bundle.Options{Names: pseudonym.HashNames, Shift: true})
	if everything(t, a) != everything(t, b) {
		t.Error("two bundles of one key differ")
	}
	c := filepath.Join(t.TempDir(), "c")
	if _, err := bundle.Write(c, []*runs.Folder{f}, pseudonym.Key{8}, bundle.Options{Names: pseudonym.HashNames, Shift: true}); err != nil {
		t.Fatal(err)
	}
	if everything(t, a) == everything(t, c) {
		t.Error("another key gives the same bundle")
	}
	if _, err := bundle.Write(a, []*runs.Folder{f}, pseudonym.Key{7}, bundle.Options{}); err == nil {
		t.Error("a folder with content was written to")
	}
}

// A run whose names are hostile stays readable, and its README and JSON too.
func TestHostileBundlesStayReadable(t *testing.T) {
	f := original(t)
	dir, _ := write(t, f, bundle.Options{Names: pseudonym.KeepNames, Licence: hostile})
	data, err := os.ReadFile(filepath.Join(dir, "bundle.json"))
	if err != nil || !json.Valid(data) {
		t.Errorf("bundle.json: %v", err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || bytes.ContainsAny(readme, "\x1b\t") {
		t.Errorf("README.md has control characters: %v", err)
	}
}
