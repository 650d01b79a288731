package hue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	// searchTime is how long bridges are searched for when nothing else is said.
	searchTime = 3 * time.Second
	cloudURL   = "https://discovery.meethue.com"
)

// A Found is a bridge that announced itself.
type Found struct {
	ID    string // 16 hexadecimal digits, in lower case; empty if not told
	Model string
	Name  string
	Addr  netip.AddrPort
}

// Address is what [New] and [Pair] take: https with the announced port.
func (f Found) Address() string {
	if f.Addr.Port() == 443 {
		return "https://" + hostOf(f.Addr.Addr())
	}
	return "https://" + f.Addr.String()
}

func hostOf(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// Discover asks the local network for bridges by mDNS (RFC 6762, service
// _hue._tcp) and gathers answers until ctx ends, 3 s if it has no deadline. The
// interface is a name, or empty for all that can multicast. No bridge is an
// empty list, not an error.
func Discover(ctx context.Context, iface string) ([]Found, error) {
	interfaces, err := multicastInterfaces(iface)
	if err != nil {
		return nil, fmt.Errorf("discover bridges: %w", err)
	}
	var conns []net.PacketConn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for _, i := range interfaces {
		c, err := multicastSocket(i)
		if err != nil {
			return nil, fmt.Errorf("discover bridges on %s: %w (choose another interface)", i.Name, err)
		}
		conns = append(conns, c)
	}
	return search(ctx, conns, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353})
}

func multicastInterfaces(name string) ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var usable []net.Interface
	for _, i := range all {
		const both = net.FlagUp | net.FlagMulticast
		if name == i.Name || name == "" && i.Flags&both == both && i.Flags&net.FlagLoopback == 0 {
			usable = append(usable, i)
		}
	}
	if len(usable) == 0 && name != "" {
		return nil, fmt.Errorf("no interface %q (ip link shows their names)", printable(name))
	}
	if len(usable) == 0 {
		return nil, errors.New("no interface that can multicast is up (connect this host to the bridge's network)")
	}
	return usable, nil
}

// multicastSocket opens a socket whose multicasts leave by the interface. Its
// port is not 5353, so that answers come straight back to it (RFC 6762, 6.7).
func multicastSocket(i net.Interface) (net.PacketConn, error) {
	c, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		return nil, err
	}
	p := ipv4.NewPacketConn(c)
	if err := errors.Join(p.SetMulticastInterface(&i), p.SetMulticastTTL(255)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// search sends the question three times and gathers answers.
func search(ctx context.Context, conns []net.PacketConn, to net.Addr) ([]Found, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, searchTime)
		defer cancel()
	}
	question, err := mdnsQuestion()
	if err != nil {
		return nil, fmt.Errorf("discover bridges: %w", err)
	}
	answers := make(chan []Found)
	var listeners sync.WaitGroup
	for _, c := range conns {
		listeners.Go(func() { listen(c, answers) })
	}
	go func() { listeners.Wait(); close(answers) }()
	found, sent, failed := gather(ctx, conns, to, question, answers)
	for _, c := range conns {
		c.SetReadDeadline(time.Unix(1, 0))
	}
	for range answers { // until the last listener has ended
	}
	if sent == 0 {
		return nil, fmt.Errorf("discover bridges: %w (connect this host to the bridge's network)", failed)
	}
	return inOrder(found), nil
}

// gather asks at 0, 1 and 3 s, and keeps one entry for each bridge.
func gather(ctx context.Context, conns []net.PacketConn, to net.Addr, question []byte, answers <-chan []Found) (found map[string]Found, sent int, failed error) {
	found = map[string]Found{}
	pauses := []time.Duration{0, time.Second, 2 * time.Second}
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return found, sent, failed
		case list, open := <-answers:
			if !open { // every socket failed
				return found, sent, failed
			}
			for _, f := range list {
				found[f.ID+f.Addr.String()] = f
			}
		case <-again.C:
			for _, c := range conns {
				if _, err := c.WriteTo(question, to); err != nil {
					failed = err
					continue
				}
				sent++
			}
			if pauses = pauses[1:]; len(pauses) > 0 {
				again.Reset(pauses[0])
			}
		}
	}
}

// listen passes the bridges of each answer on until its socket's deadline.
func listen(c net.PacketConn, answers chan<- []Found) {
	packet := make([]byte, 9000)
	for {
		n, from, err := c.ReadFrom(packet)
		if err != nil {
			return
		}
		if u, ok := from.(*net.UDPAddr); ok {
			if list := parseMDNS(packet[:n], u.AddrPort().Addr().Unmap()); len(list) > 0 {
				answers <- list
			}
		}
	}
}

func inOrder(found map[string]Found) []Found {
	list := make([]Found, 0, len(found))
	for _, f := range found {
		list = append(list, f)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].ID != list[j].ID {
			return list[i].ID < list[j].ID
		}
		return list[i].Addr.Compare(list[j].Addr) < 0
	})
	return list
}

// DiscoverCloud asks the vendor's look-up service, which knows the bridges that
// share this host's public address. It tells the vendor that someone here looks
// for a bridge: only when the operator asked for it. An empty url is the vendor's.
func DiscoverCloud(ctx context.Context, c *http.Client, url string) ([]Found, error) {
	const operation = "look bridges up at the vendor's service"
	if url == "" {
		url = cloudURL
	}
	l, ok := lineOf(c)
	if !ok {
		return nil, fmt.Errorf("%s: %w", operation, ErrClient)
	}
	caller := &call{line: l}
	r, err := http.NewRequestWithContext(caller.attach(ctx), http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, ErrAddress)
	}
	answer, err := c.Do(r)
	if err != nil {
		return nil, explain(operation, err, Key{})
	}
	answer.Body.Close()
	found, err := parseCloud(caller.seen().body)
	return found, explain(operation, err, Key{})
}

func parseCloud(body []byte) ([]Found, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("%w: no list of bridges", ErrAnswer)
	}
	found := []Found{}
	for _, raw := range list {
		var o object
		_ = json.Unmarshal(raw, &o)
		address, err := netip.ParseAddr(o.text("internalipaddress"))
		if err != nil {
			continue
		}
		port, err := strconv.ParseUint(o.text("port"), 10, 16)
		if err != nil || port == 0 {
			port = 443
		}
		found = append(found, Found{ID: strings.ToLower(o.text("id")), Addr: netip.AddrPortFrom(address, uint16(port))})
	}
	return found, nil
}
