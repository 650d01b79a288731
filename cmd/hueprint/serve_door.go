package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel"
	"github.com/hueprint/hueprint/panel/access"
)

// A door is where the panel is reached.
type door struct {
	listener net.Listener
	server   *http.Server
	tls      bool
	open     bool // to everybody on this computer
}

// listen opens the address and puts the panel behind it. An address beyond
// loopback needs an account.
func (s *server) listen(ctx context.Context, address string, open bool) (*door, error) {
	c, _ := s.settings.now()
	if address == "" {
		address = c.Serve.Listen
	}
	certificate, err := certificateOf(c.Serve.TLS)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("serve on %s: another program uses this address (stop it, or name another with --listen)", address)
	}
	if err != nil {
		return nil, fmt.Errorf("serve on %s: %w (write HOST:PORT, such as %s)", address, err, config.DefaultListen)
	}
	s.closers = append(s.closers, func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if err := s.mayListen(ctx, l.Addr(), open); err != nil {
		return nil, err
	}
	d := &door{listener: l, tls: certificate != nil, open: open}
	if certificate != nil {
		d.listener = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: certificate})
	}
	s.panel, err = panel.New(panel.Options{
		Bench: benchPort{s}, Setup: setupPort{s}, Feed: s.hub, Store: s.store, Now: s.clock, Log: s.log, Version: programVersion(),
		Access:  access.Options{Open: open, Secure: d.tls || schemeOf(c.Serve.URL) == "https", Hosts: hostsOf(c.Serve, address)},
		Viewers: s.monitor.Viewers,
		Ready:   []panel.Check{s.works("scheduler"), s.works("monitor")},
	})
	if err != nil {
		return nil, err
	}
	d.server = s.panel.Server()
	return d, nil
}

// works checks that a part of the server has not ended.
func (s *server) works(part string) panel.Check {
	return panel.Check{Name: part, Check: func(context.Context) error {
		s.board.mu.Lock()
		defer s.board.mu.Unlock()
		if trouble := s.board.troubles[part]; trouble != "" {
			return errors.New(trouble)
		}
		return nil
	}}
}

// mayListen refuses an address beyond this computer as long as nobody would have
// to log in.
func (s *server) mayListen(ctx context.Context, at net.Addr, open bool) error {
	tcp, ok := at.(*net.TCPAddr)
	if ok && tcp.IP.IsLoopback() {
		return nil
	}
	if open {
		return usageError{fmt.Errorf("--open goes with a loopback address only, not with %s", at)}
	}
	accounts, err := s.store.ListAccounts(ctx)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		return fmt.Errorf("%s can be reached from other computers, and there is no account yet: start on %s first and open the set-up link, or run 'hueprint account create NAME'", at, config.DefaultListen)
	}
	return nil
}

// certificateOf reads the certificate, and again at each handshake after its
// files have changed; nil where none is configured.
func certificateOf(t config.TLS) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	if t.Cert == "" {
		return nil, nil
	}
	read := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("read the certificate %s and its key %s: %w (serve.tls names PEM files that belong together)", t.Cert, t.Key, err)
		}
		return &pair, nil
	}
	if _, err := read(); err != nil {
		return nil, err
	}
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return read() }, nil
}

func schemeOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme
}

// hostsOf are the names by which browsers may ask for the panel.
func hostsOf(c config.Serve, address string) []string {
	names := append([]string{}, c.Hosts...)
	if u, err := url.Parse(c.URL); err == nil && u.Hostname() != "" {
		names = append(names, u.Hostname())
	}
	if host, _, err := net.SplitHostPort(address); err == nil && host != "" && net.ParseIP(host) == nil {
		names = append(names, host)
	}
	return names
}

func (d *door) serve() error { return d.server.Serve(d.listener) }

// address is where a browser on this computer reaches the panel.
func (d *door) address() string {
	scheme, host := "http", "127.0.0.1"
	if d.tls {
		scheme = "https"
	}
	tcp, ok := d.listener.Addr().(*net.TCPAddr)
	if !ok {
		return scheme + "://" + d.listener.Addr().String()
	}
	if !tcp.IP.IsUnspecified() {
		host = tcp.IP.String()
	}
	return fmt.Sprintf("%s://%s", scheme, net.JoinHostPort(host, fmt.Sprint(tcp.Port)))
}

// announce prints where the panel is, and the set-up link at the first start.
func (s *server) announce(ctx context.Context, out io.Writer, d *door) error {
	if s.site.simulated() {
		fmt.Fprintln(out, "The bench is simulated: what it shows is evidence for nothing about real devices.")
	}
	if lab, ok := s.site.(*simulatedSite); ok && lab.relay != "" {
		fmt.Fprintf(out, "Other programs reach its bridge at http://%s\n", lab.relay)
	}
	fmt.Fprintf(out, "The panel is at %s\n", d.address())
	if d.open {
		return nil // nobody has to log in
	}
	link, err := s.panel.Invite(ctx)
	if err != nil || link == "" {
		return err
	}
	fmt.Fprintf(out, "There is no account yet. Make the first one with this link, which works once:\n  %s%s\n", d.address(), link)
	return nil
}
