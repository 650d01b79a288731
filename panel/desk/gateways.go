package desk

import (
	"net/netip"
	"strings"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/traffic"
)

// GatewayText is a gateway as people write it into a form: lists with commas or
// spaces between their parts.
type GatewayText struct {
	Name, Kind, Firmware, Interface string
	MACs, Addresses, Phones         string
	Linked                          bool
}

// TextOf is a configured gateway as a form shows it.
func TextOf(g config.Gateway) GatewayText {
	return GatewayText{
		Name: g.Name, Kind: g.Kind, Firmware: g.Firmware, Interface: g.Interface, Linked: g.Linked,
		MACs: texts(g.MACs), Addresses: texts(g.Addresses), Phones: texts(g.Phones),
	}
}

func texts[T interface{ String() string }](all []T) string {
	words := make([]string, len(all))
	for i, x := range all {
		words[i] = x.String()
	}
	return strings.Join(words, ", ")
}

// Read reads the form. Whether the gateway goes together with the rest of the
// configuration is found when it is saved.
func (t GatewayText) Read() (config.Gateway, Problems) {
	var ps Problems
	g := config.Gateway{
		Name: strings.TrimSpace(t.Name), Kind: strings.TrimSpace(t.Kind), Firmware: strings.TrimSpace(t.Firmware),
		Interface: strings.TrimSpace(t.Interface), Linked: t.Linked,
	}
	if g.Name == "" {
		ps.add("name", "give it a name, such as aeotec")
	}
	if g.Interface == "" {
		ps.add("interface", "choose the interface on which its traffic passes")
	}
	g.MACs = parts(&ps, "macs", t.MACs, traffic.ParseMAC, "is no MAC address; write one such as 24:fd:5b:00:00:01")
	g.Addresses = parts(&ps, "addresses", t.Addresses, netip.ParseAddr, "is no IP address; write one such as 192.168.1.20")
	g.Phones = parts(&ps, "phones", t.Phones, netip.ParseAddr, "is no IP address; write one such as 192.168.1.40")
	if len(ps) == 0 && len(g.MACs) == 0 && len(g.Addresses) == 0 {
		ps.add("macs", "write at least one MAC or IP address: its packets could not be told from others' otherwise")
	}
	return g, ps
}

// parts reads a list; the first part that is none is the field's problem.
func parts[T any](ps *Problems, field, list string, parse func(string) (T, error), trouble string) []T {
	var all []T
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == ';' }) {
		x, err := parse(word)
		if err != nil {
			ps.add(field, "%.64q %s", word, trouble)
			return nil
		}
		all = append(all, x)
	}
	return all
}
