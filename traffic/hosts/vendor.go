package hosts

import (
	"slices"
	"strings"

	"github.com/google/gopacket/macs"

	"github.com/hueprint/hueprint/traffic"
)

// RandomAddress is what [Vendor] says of addresses that a device gave itself.
const RandomAddress = "random address"

// Vendor names who registered the prefix of an address with the IEEE, by
// gopacket's table of 2020; empty where that knows none, and [RandomAddress] for
// a locally administered address, as phones draw them anew for each network.
func Vendor(m traffic.MAC) string {
	const locallyAdministered = 2
	switch {
	case m.IsZero(), m.IsGroup():
		return ""
	case m[0]&locallyAdministered != 0:
		return RandomAddress
	}
	return macs.ValidMACPrefixMap[[3]byte(m[:3])]
}

// kind is a kind of gateway and what hints at it: parts of what the host says or
// offers, and of the vendor's name. Lower case.
type kind struct {
	name          string
	says, vendors []string
}

// kinds are the gateways of the base paper, and the bridge that operates the bulb. What
// a host says of itself comes before who made its network chip.
func kinds() []kind {
	return []kind{
		{"hue bridge", []string{"_hue._tcp", "philips hue", "philips-hue", "ipbridge", "hue bridge"}, []string{"philips lighting", "signify"}},
		{"home assistant", []string{"_home-assistant._tcp", "homeassistant", "home-assistant", "hassio"}, nil},
		{"smartthings", []string{"smartthings", "aeotec"}, []string{"smartthings", "samjin", "physical graph"}},
		{"echo", []string{"_amzn-", "amazon-", "amazon echo", "echo dot"}, []string{"amazon technologies", "amazon.com"}},
		{"nest", []string{"_googlecast._tcp", "google home", "google-home", "google nest", "google-nest", "nest-mini", "nest mini"}, []string{"google, inc", "google llc", "nest labs"}},
	}
}

// guess is the kind of gateway that a host might be.
func guess(h Host) string {
	said := slices.Concat(h.Names, h.Services, []string{h.Class, h.Server})
	for i := range said {
		said[i] = strings.ToLower(said[i])
	}
	all := kinds()
	for _, k := range all {
		if hints(said, k.says) {
			return k.name
		}
	}
	vendor := []string{strings.ToLower(h.Vendor)}
	for _, k := range all {
		if hints(vendor, k.vendors) {
			return k.name
		}
	}
	return ""
}

// hints tells whether a text has one of the parts.
func hints(texts, parts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	})
}
