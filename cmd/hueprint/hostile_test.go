package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"golang.org/x/net/html"

	"github.com/hueprint/hueprint/reports"
)

// hostileNames are names that somebody who wants to harm a reader of a report
// would give to a host. Each fits into labels of a DNS name.
func hostileNames() []string {
	return []string{
		"</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\x1b[31mred\x1b]0;title\x07", "tab\there", "new\nline\r\nreturn",
		"=cmd()|' /C calc'!A0", `";--`, "nul\x00byte", "\xff\xfe\x80", "\u202egnp.exe\u2066", "|pipe|`code`", "[x](javascript:alert(1))", `\input{x}$&%#_`,
		"{{template}}", strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 61),
	}
}

// harmless are as many names of the same lengths.
func harmless(names []string) []string {
	var out []string
	for i, name := range names {
		out = append(out, strings.Map(func(r rune) rune {
			if r == '.' {
				return '.'
			}
			return 'a' + rune(i)
		}, strings.ToValidUTF8(name, "x")))
	}
	return out
}

// hostileCapture is a labelled capture whose gateway answers each of 24 actions
// by a question for each name, a datagram to the host of that name, and a
// TLS record to another that was greeted by it.
type hostileCapture struct {
	t     *testing.T
	w     *pcapgo.Writer
	start time.Time
	seq   map[int]uint32
}

func writeHostile(t *testing.T, dir string, names []string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	c := hostileCapture{t: t, w: pcapgo.NewWriter(&file), start: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), seq: map[int]uint32{}}
	if err := c.w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		c.answer(time.Duration(i)*10*time.Millisecond, i, name)
		c.hello(time.Second+time.Duration(i)*10*time.Millisecond, i, name)
	}
	actions := "time,action\n"
	for a := range 24 {
		at := time.Duration(60+a*47+a*a%13) * time.Second
		actions += fmt.Sprintf("%d,%q\n", c.start.Add(at).Unix(), names[a%2])
		for i, name := range names {
			c.question(at+300*time.Millisecond+time.Duration(i)*time.Millisecond, i, name)
			c.datagram(at+400*time.Millisecond+time.Duration(i)*time.Millisecond, i, 100+40*i)
			c.record(at+500*time.Millisecond+time.Duration(i)*time.Millisecond, i, 120+40*i)
		}
	}
	c.datagram(24*65*time.Second, 0, 20) // the capture goes on for a while
	for name, text := range map[string]string{"capture.pcap": file.String(), "actions.csv": strings.ReplaceAll(actions, `\"`, `""`), "gateway.txt": "192.168.7.20\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (c hostileCapture) frame(at time.Duration, ip *layers.IPv4, all ...gopacket.SerializableLayer) {
	c.t.Helper()
	ip.Version, ip.TTL = 4, 64
	stack := append([]gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}, ip}, all...)
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		c.t.Fatal(err)
	}
	info := gopacket.CaptureInfo{Timestamp: c.start.Add(at), CaptureLength: len(buffer.Bytes()), Length: len(buffer.Bytes())}
	if err := c.w.WritePacket(info, buffer.Bytes()); err != nil {
		c.t.Fatal(err)
	}
}

func from(src, dst string, protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{SrcIP: net.ParseIP(src), DstIP: net.ParseIP(dst), Protocol: protocol}
}

const hostileGateway = "192.168.7.20"

func (c hostileCapture) udp(at time.Duration, ip *layers.IPv4, src, dst int, payload gopacket.SerializableLayer) {
	udp := &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}
	_ = udp.SetNetworkLayerForChecksum(ip)
	c.frame(at, ip, udp, payload)
}

// answer tells that a name is the address 203.0.113.i.
func (c hostileCapture) answer(at time.Duration, i int, name string) {
	c.udp(at, from("192.168.7.1", hostileGateway, layers.IPProtocolUDP), 53, 5000+i, &layers.DNS{ID: uint16(i), QR: true, RA: true,
		Questions: []layers.DNSQuestion{{Name: []byte(name), Type: layers.DNSTypeA, Class: layers.DNSClassIN}},
		Answers:   []layers.DNSResourceRecord{{Name: []byte(name), Type: layers.DNSTypeA, Class: layers.DNSClassIN, TTL: 60, IP: net.IPv4(203, 0, 113, byte(i+1)).To4()}}})
}

func (c hostileCapture) question(at time.Duration, i int, name string) {
	c.udp(at, from(hostileGateway, "192.168.7.1", layers.IPProtocolUDP), 5000+i, 53, &layers.DNS{ID: uint16(i), RD: true,
		Questions: []layers.DNSQuestion{{Name: []byte(name), Type: layers.DNSTypeA, Class: layers.DNSClassIN}}})
}

func (c hostileCapture) datagram(at time.Duration, i, size int) {
	c.udp(at, from(hostileGateway, fmt.Sprintf("203.0.113.%d", i+1), layers.IPProtocolUDP), 6000+i, 9000, gopacket.Payload(bytes.Repeat([]byte{7}, size)))
}

func (c hostileCapture) tcp(at time.Duration, i int, syn bool, payload []byte) {
	ip := from(hostileGateway, fmt.Sprintf("198.51.100.%d", i+1), layers.IPProtocolTCP)
	tcp := &layers.TCP{SrcPort: layers.TCPPort(7000 + i), DstPort: 443, Seq: c.seq[i], Ack: 1, SYN: syn, ACK: !syn, PSH: !syn, Window: 64000}
	_ = tcp.SetNetworkLayerForChecksum(ip)
	c.frame(at, ip, tcp, gopacket.Payload(payload))
	if c.seq[i] += uint32(len(payload)); syn {
		c.seq[i]++
	}
}

// hello greets the host 198.51.100.i by a name that no DNS answer told.
func (c hostileCapture) hello(at time.Duration, i int, name string) {
	c.tcp(at, i, true, nil)
	var out helloConn
	_ = tls.Client(&out, &tls.Config{ServerName: "sni-" + name}).HandshakeContext(context.Background())
	if out.Len() == 0 {
		c.t.Fatalf("no greeting for %q", name)
	}
	c.tcp(at+time.Millisecond, i, false, out.Bytes())
}

func (c hostileCapture) record(at time.Duration, i, size int) {
	c.tcp(at, i, false, append([]byte{23, 3, 3, byte(size >> 8), byte(size)}, bytes.Repeat([]byte{9}, size)...))
}

// helloConn keeps what a TLS client says first, and hangs up.
type helloConn struct {
	bytes.Buffer
	net.Conn
}

func (h *helloConn) Write(b []byte) (int, error)      { return h.Buffer.Write(b) }
func (h *helloConn) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (h *helloConn) Close() error                     { return nil }
func (h *helloConn) SetDeadline(time.Time) error      { return nil }
func (h *helloConn) SetReadDeadline(time.Time) error  { return nil }
func (h *helloConn) SetWriteDeadline(time.Time) error { return nil }

// analysed is what the program makes of a labelled folder.
type analysed struct{ terminal, html, markdown, json string }

func analyseFolder(t *testing.T, dir string) analysed {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	plain := runProgram(t, "analyze", dir, "--alpha", "0.05", "--report", out+".html", "--markdown", out+".md")
	object := runProgram(t, "analyze", dir, "--alpha", "0.05", "--json")
	read := func(ext string) string {
		text, err := os.ReadFile(out + ext)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return analysed{terminal: plain, html: read(".html"), markdown: read(".md"), json: object}
}

func runProgram(t *testing.T, args ...string) string {
	t.Helper()
	cmd := process(t, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%q: %v\n%s%s", args, err, errs.String(), out)
	}
	return string(out)
}

// TestHostileNamesEndToEnd sends names that want to do harm through the whole
// program, from frames to every form of its answer.
func TestHostileNamesEndToEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hostile, kind := filepath.Join(dir, `<b onclick="x">[31m |=x`), filepath.Join(dir, "harmless name")
	writeHostile(t, hostile, hostileNames())
	writeHostile(t, kind, harmless(hostileNames()))
	got, want := analyseFolder(t, hostile), analyseFolder(t, kind)

	demandPlain(t, "terminal", strings.ReplaceAll(got.terminal, dir, ""))
	demandPlain(t, "Markdown", got.markdown)
	demandPlain(t, "HTML", got.html)
	demandSameElements(t, got.html, want.html)
	demandTables(t, got.markdown)
	demandHarmlessJSON(t, got.json)
}

// demandPlain checks that text cannot command a terminal, and that its letters
// stand in the order in which they are read.
func demandPlain(t *testing.T, form, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: invalid UTF-8", form)
	}
	for i, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u00ad' && r != '\u200b') {
			t.Errorf("%s: %U stands in %q", form, r, text[max(0, i-40):min(len(text), i+40)])
			return
		}
	}
}

// demandSameElements checks that the page has the elements, attributes and
// scripts that it has with harmless names, and no others.
func demandSameElements(t *testing.T, got, want string) {
	t.Helper()
	g, w := elements(t, got), elements(t, want)
	for _, e := range g {
		if !slices.Contains(w, e) {
			t.Errorf("the page holds %.200s", e)
		}
	}
	if len(g) < 50 {
		t.Errorf("the page has %d elements only", len(g))
	}
}

func elements(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := "<" + n.Data
		for _, a := range n.Attr {
			e += " " + a.Key
			if strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Val)), "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
		all = append(all, e+">")
	}
	return all
}

// demandTables checks that Markdown has no markup of the names, and that each
// row of a table has as many cells as its head.
func demandTables(t *testing.T, text string) {
	t.Helper()
	for _, word := range []string{"<script", "</script", "<img", "](javascript:"} {
		if strings.Contains(strings.ReplaceAll(text, `\]`, ""), word) {
			t.Errorf("Markdown holds %q", word)
		}
	}
	cells := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells != 0 && n != cells {
			t.Errorf("a row of %d cells in a table of %d: %q", n, cells, line)
		}
		cells = n
	}
}

// demandHarmlessJSON checks that the object is valid, names the hosts, and that
// no string in it can command a terminal after decoding.
func demandHarmlessJSON(t *testing.T, text string) {
	t.Helper()
	var out reports.Output
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Verdicts) != 1 || len(out.Verdicts[0].Pattern.Steps) < len(hostileNames()) {
		t.Errorf("the hostile hosts are not in the pattern: %+v", out.Verdicts)
	}
	if strings.ContainsAny(text, "<>") {
		t.Error("JSON holds < or > as they are")
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			demandPlain(t, "JSON", v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for k, e := range v {
				demandPlain(t, "JSON", k)
				walk(e)
			}
		}
	}
	var all any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	walk(all)
}
