package main

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/hosts"
)

const (
	// listenFor is how long hosts are listened for by default, listenMost at most.
	listenFor  = 10 * time.Second
	listenMost = 2 * time.Minute
)

// register is a sink that enters who sent a frame; several ears share its book.
type register struct {
	mu   *sync.Mutex
	book *hosts.Book
	from traffic.MAC // zero: everybody's frames
}

// Frame enters one frame.
func (r register) Frame(f traffic.Frame) error {
	const source = 6 // of the sender's address in an Ethernet frame
	if r.from != (traffic.MAC{}) && (len(f.Data) < 2*source || traffic.MAC(f.Data[source:2*source]) != r.from) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.book.Frame(f)
	return nil
}

// Hosts listens on an interface and lists who was heard.
func (p setupPort) Hosts(ctx context.Context, iface string, within time.Duration) ([]lab.Host, error) {
	if within <= 0 {
		within = listenFor
	}
	ears, err := p.site.ears(iface)
	if err != nil {
		return nil, like(lab.ErrUnknown, err)
	}
	var mu sync.Mutex
	var book hosts.Book
	if err := overhear(ctx, ears, &mu, &book, min(within, listenMost)); err != nil {
		return nil, err
	}
	c, _ := p.settings.now()
	all := []lab.Host{}
	for _, h := range book.Hosts() {
		all = append(all, p.hostOf(h, c))
	}
	return all, nil
}

// overhear lets the ears fill the book for a time.
func overhear(ctx context.Context, ears []ear, mu *sync.Mutex, book *hosts.Book, within time.Duration) (err error) {
	for _, e := range ears {
		session, startErr := e.Start(ctx, register{mu, book, e.from})
		if startErr != nil {
			return startErr
		}
		defer func(s capture.Session) {
			_, stopErr := s.Stop(context.WithoutCancel(ctx))
			err = errors.Join(err, stopErr)
		}(session)
	}
	wait(ctx, nil, within)
	return nil
}

// hostOf is a heard host as the panel shows it.
func (p setupPort) hostOf(h hosts.Host, c config.Config) lab.Host {
	one := lab.Host{MAC: h.MAC, Vendor: h.Vendor, Addresses: append([]netip.Addr{}, h.Addresses...),
		Names: append([]string{}, h.Names...), Packets: h.Packets, Guess: h.Guess}
	for _, g := range c.Gateways {
		if slices.Contains(g.MACs, h.MAC) {
			one.Configured = g.Name
		}
	}
	one.Self = slices.Contains(p.site.self(), h.MAC)
	if u, err := url.Parse(c.Bridge.Address); err == nil {
		one.Bridge = slices.ContainsFunc(h.Addresses, func(a netip.Addr) bool { return a.String() == u.Hostname() })
	}
	return one
}
