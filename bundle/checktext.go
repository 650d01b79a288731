package bundle

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/pseudonym"
	"github.com/hueprint/hueprint/traffic/redact"
)

var (
	mail   = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`)
	folder = regexp.MustCompile(`(?:/home|/Users|\\Users)[/\\][^/\\\s"'<>]+`)
	mac    = regexp.MustCompile(`\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b`)
	id     = regexp.MustCompile(`\b([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})[Ff]{3}[Ee]([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})\b`)
	ip4    = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
	ip6    = regexp.MustCompile(`[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]*:[0-9A-Fa-f:]+`)
	host   = regexp.MustCompile(`\b(?:[A-Za-z0-9_-]+\.)+(?:local|lan|home|internal|localdomain|arpa)\b`)
	wifi   = regexp.MustCompile(`(?i)\b[be]?ssid["']?\s*[:=]\s*["']?[^\s"',;&<>]+`)
	svg    = regexp.MustCompile(`\s(?:d|points|viewBox|transform)="[^"]*"`)
)

// text looks for everything that has a recognisable form.
func (c *checker) text(at place, text string) {
	c.forms(at, text)
	text = svg.ReplaceAllString(text, " ") // numbers of figures look like addresses
	for _, s := range mac.FindAllString(text, -1) {
		if m, err := traffic.ParseMAC(s); err == nil {
			c.mac(at, m)
		}
	}
	for _, s := range id.FindAllString(text, -1) { // of a Hue bridge
		if m, err := traffic.ParseMAC(id.ReplaceAllString(s, "$1:$2:$3:$4:$5:$6")); err == nil {
			c.mac(at, m)
		}
	}
	for _, r := range []*regexp.Regexp{ip4, ip6} {
		for _, s := range r.FindAllString(text, -1) {
			if addr, err := netip.ParseAddr(s); err == nil {
				c.address(at, addr)
			}
		}
	}
	for _, s := range host.FindAllString(text, -1) {
		c.host(at, s)
	}
}

// forms looks for what may stand in texts and in packets alike.
func (c *checker) forms(at place, text string) {
	for what, r := range map[string]*regexp.Regexp{"mail address": mail, "home folder": folder, "network name of Wi-Fi": wifi} {
		for _, s := range r.FindAllString(text, -1) {
			c.note(at, what, s)
		}
	}
	if masked := redact.Secrets(text); masked != text && !strings.Contains(text, redact.Mask) {
		c.note(at, "key, password or cookie", differs(text, masked))
	}
	if at.file == readmeFile {
		return // the program's own words
	}
	for _, w := range c.words {
		if hasWord(text, w) {
			c.note(at, "a word that must not appear", w)
		}
	}
}

// differs shows where a masked text begins to differ, without what was masked.
func differs(text, masked string) string {
	i := 0
	for i < len(text) && i < len(masked) && text[i] == masked[i] {
		i++
	}
	return text[max(0, i-40):i] + redact.Mask
}

func (c *checker) mac(at place, m traffic.MAC) {
	if !m.IsGroup() && !m.IsZero() && !c.known[m.String()] {
		c.note(at, "MAC address, no pseudonym", m.String())
	}
}

// documentation ranges name nobody (RFC 5737, RFC 3849).
var documentation = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"),
}

func (c *checker) address(at place, addr netip.Addr) {
	addr = addr.Unmap()
	if (traffic.Peers{}).Scope(addr) != traffic.Internet || c.known[addr.String()] {
		return
	}
	if b := addr.AsSlice(); b[0] == 0 || addr.Is4() && b[0] >= 240 {
		return // nobody's
	}
	for _, p := range documentation {
		if p.Contains(addr) {
			return
		}
	}
	c.note(at, "public IP address, no pseudonym", addr.String())
}

// host looks for labels of a name that a bundle would have replaced.
func (c *checker) host(at place, name string) {
	for _, label := range pseudonym.Telling(name) {
		if !c.known["."+label] {
			c.note(at, "host name", name)
			return
		}
	}
}

// hasWord tells whether word stands in text and no letter or digit touches it.
func hasWord(text, word string) bool {
	part := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(word)
		if (i == 0 || !part(text[i-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
		from = i + 1
	}
}
