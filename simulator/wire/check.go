package wire

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/hueprint/hueprint/traffic"
)

// DefaultRouterMAC is the router's address where [Options.RouterMAC] is zero.
// It is locally administered, so no vendor owns it.
var DefaultRouterMAC = traffic.MAC{0x02, 0x00, 0x5e, 0x00, 0x53, 0x01}

// RouterName is the name by which [Network.Tap] knows the router.
const RouterName = "router"

// UplinkAddr is the router's address on the cloud's side: from the shared
// address space of providers (RFC 6598), so that it is no cloud's own.
var UplinkAddr = netip.AddrFrom4([4]byte{100, 64, 0, 1})

// Filled checks the options, reports every mistake at once, and returns them
// with the defaults filled in.
func (o Options) Filled() (Options, error) {
	var errs []error
	if o.RouterMAC.IsZero() {
		o.RouterMAC = DefaultRouterMAC
	}
	if !o.Home.IsValid() || !o.Home.Addr().Is4() {
		errs = append(errs, fmt.Errorf("home %v is not an IPv4 prefix (want one like 192.168.1.0/24)", o.Home))
	} else if !o.Home.Contains(o.Router) {
		errs = append(errs, fmt.Errorf("router %v is not in the home %v", o.Router, o.Home))
	}
	if o.Delay < 0 || o.CloudDelay < 0 || o.Jitter < 0 {
		errs = append(errs, errors.New("delays and jitter cannot be negative"))
	}
	if o.Loss < 0 || o.Loss >= 1 {
		errs = append(errs, fmt.Errorf("loss %v is not a share of frames (want at least 0 and less than 1)", o.Loss))
	}
	return o, errors.Join(errs...)
}

// A Roster holds who is on a network, so that every implementation refuses the
// same mistakes. Its zero value is empty; it is not safe for several
// goroutines.
type Roster struct{ hosts []HostOptions }

// Enter adds h, or says all that is wrong with it in a network of options o.
func (r *Roster) Enter(o Options, h HostOptions) error {
	errs := []error{}
	if h.Name == "" || h.Name == RouterName {
		errs = append(errs, fmt.Errorf("name %q is empty or the router's", h.Name))
	}
	if !h.Addr.Is4() || h.Addr.IsMulticast() || h.Addr.IsUnspecified() {
		errs = append(errs, fmt.Errorf("address %v is not a host's IPv4 address", h.Addr))
	} else if o.Home.Contains(h.Addr) == h.Cloud {
		errs = append(errs, fmt.Errorf("address %v is on the wrong side of the router (the home is %v)", h.Addr, o.Home))
	}
	if h.MAC.IsZero() || h.MAC.IsGroup() || h.MAC == o.RouterMAC {
		errs = append(errs, fmt.Errorf("MAC %v is zero, a group's or the router's", h.MAC))
	}
	for _, other := range append(r.hosts, HostOptions{Addr: o.Router}, HostOptions{Addr: UplinkAddr}) {
		if other.Name == h.Name || other.Addr == h.Addr || other.MAC == h.MAC {
			errs = append(errs, fmt.Errorf("name, address or MAC is taken by %q (%v, %v)", other.Name, other.Addr, other.MAC))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("add host %q: %w", h.Name, err)
	}
	r.hosts = append(r.hosts, h)
	return nil
}
