package pseudonym

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/redact"
)

var (
	macText  = regexp.MustCompile(`\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b`)
	ip4Text  = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
	ip6Text  = regexp.MustCompile(`[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*`)
	idText   = regexp.MustCompile(`\b[0-9A-Fa-f]{6}[Ff]{3}[Ee][0-9A-Fa-f]{6}\b`)
	mailText = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)
	pathText = regexp.MustCompile(`(^|[\s"'(=])(/[^\s/"':()]+){2,}/?`)
	hostText = regexp.MustCompile(`\b(?:[A-Za-z0-9_-]+\.)+[A-Za-z]{2,}\b`)
)

// Replace has [Mapper.Text] write to where word stands as a word of its own:
// the name of an interface, a person, a host.
func (m *Mapper) Replace(word, to string) {
	if word != "" && word != to {
		m.words[word] = to
	}
}

// Text replaces in a text for people what [redact.Secrets] masks, addresses,
// bridge IDs, host names, the words of [Mapper.Replace], mail addresses, and
// paths of files.
func (m *Mapper) Text(text string) string {
	text = redact.Secrets(text)
	text = mailText.ReplaceAllString(text, "[address]")
	text = pathText.ReplaceAllString(text, "${1}[path]")
	words := make([]string, 0, len(m.words))
	for w := range m.words {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, w := range words {
		text = replaceWord(text, w, m.words[w])
	}
	text = idText.ReplaceAllStringFunc(text, m.BridgeID)
	text = macText.ReplaceAllStringFunc(text, func(s string) string {
		if mac, err := traffic.ParseMAC(s); err == nil {
			return m.MAC(mac).String()
		}
		return s
	})
	address := func(s string) string {
		if addr, err := netip.ParseAddr(s); err == nil {
			return m.Addr(addr).String()
		}
		return s
	}
	text = ip6Text.ReplaceAllStringFunc(text, address)
	text = ip4Text.ReplaceAllStringFunc(text, address)
	return hostText.ReplaceAllStringFunc(text, m.host)
}

// host maps what looks like a host name; names of files are left.
func (m *Mapper) host(s string) string {
	for _, suffix := range []string{".json", ".jsonl", ".pcapng", ".pcap", ".html", ".md", ".yaml", ".csv", ".go"} {
		if strings.HasSuffix(s, suffix) {
			return s
		}
	}
	return m.Name(s)
}

// BridgeID maps a Hue bridge's ID: its MAC address with fffe in the middle.
func (m *Mapper) BridgeID(id string) string {
	if len(id) != 16 {
		return m.label(strings.ToLower(id), len(id))
	}
	mac, err := traffic.ParseMAC(id[0:2] + ":" + id[2:4] + ":" + id[4:6] + ":" + id[10:12] + ":" + id[12:14] + ":" + id[14:16])
	if err != nil {
		return m.label(strings.ToLower(id), len(id))
	}
	s := strings.ReplaceAll(m.MAC(mac).String(), ":", "")
	return s[:6] + "fffe" + s[6:]
}

// replaceWord replaces word where no letter or digit touches it.
func replaceWord(text, word, to string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, word)
		if i < 0 {
			break
		}
		end := i + len(word)
		if i > 0 && wordByte(text[i-1]) || end < len(text) && wordByte(text[end]) {
			out.WriteString(text[:end])
		} else {
			out.WriteString(text[:i] + to)
		}
		text = text[end:]
	}
	return out.String() + text
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// Addresses lists the pseudonyms given to addresses, MACs to Ethernet addresses,
// Labels to labels of names; sorted. They tell a reader of the result what was
// mapped.
func (m *Mapper) Addresses() []string {
	var all []string
	for _, a := range m.addrs {
		all = append(all, a.String())
	}
	for a := range m.networks {
		all = append(all, a.String())
	}
	return unique(all)
}

// MACs lists the pseudonyms of Ethernet addresses; see [Mapper.Addresses].
func (m *Mapper) MACs() []string {
	var all []string
	for _, a := range m.macs {
		all = append(all, a.String())
	}
	return unique(all)
}

// Labels lists the pseudonyms of labels; see [Mapper.Addresses].
func (m *Mapper) Labels() []string {
	var all []string
	for label := range m.taken {
		all = append(all, label)
	}
	return unique(all)
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
