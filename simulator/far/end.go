package far

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/simulator/wire"
)

// Services are what a far end serves; they may be added together, except that
// Stream and Web both want TCP port 443.
type Services uint8

// The services and their ports.
const (
	// Web is HTTP on TCP 80 and HTTPS on TCP 443.
	Web Services = 1 << iota
	// Stream is a long-lived exchange of [Message] values over TLS on TCP 443.
	Stream
	// Quic is a short exchange over QUIC on UDP 443.
	Quic
	// Names is DNS on UDP 53.
	Names
	// Time is NTP on UDP 123.
	Time
)

// An End describes one machine in the cloud.
type End struct {
	// Host is the machine's name in the lab.
	Host string
	// Names are the DNS names under which it is found.
	Names []string
	// Addr is its address; the zero Addr lets the lab choose one.
	Addr     netip.Addr
	Services Services
	// MaxTLS is the highest TLS version it speaks; 0 means TLS 1.3. TLS 1.2 is
	// spoken with ECDHE-ECDSA-AES128-GCM-SHA256 only.
	MaxTLS uint16
	// Push is the mean time between messages that a Stream sends of its own
	// accord; 0 means it sends none.
	Push time.Duration
}

// Surroundings are what all far ends of a lab share.
type Surroundings struct {
	Authority *Authority
	Zone      Zone
	// Seed determines when streams push.
	Seed uint64
	// Log hears of failures; nil hears nothing.
	Log *slog.Logger
}

// A Server is a far end that holds its ports.
type Server struct {
	end   End
	near  Surroundings
	log   *slog.Logger
	close []io.Closer
	run   []func(context.Context) error
}

// Open takes the ports of the end's services on the host, so that whoever
// connects from now on is served once [Server.Run] runs.
func Open(host wire.Host, end End, near Surroundings) (_ *Server, err error) {
	s := &Server{end: end, near: near, log: near.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("far end %s: %w", end.Host, errors.Join(err, s.Close()))
		}
	}()
	var security *tls.Config
	if end.Services&(Web|Stream|Quic) != 0 {
		if security, err = s.security(); err != nil {
			return nil, err
		}
	}
	for _, service := range []struct {
		which Services
		open  func(wire.Host, *tls.Config) error
	}{{Web, s.openWeb}, {Stream, s.openStream}, {Quic, s.openQUIC}, {Names, s.openNames}, {Time, s.openTime}} {
		if end.Services&service.which != 0 {
			if err := service.open(host, security); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func (s *Server) security() (*tls.Config, error) {
	names := s.end.Names
	if len(names) == 0 {
		names = []string{s.end.Host}
	}
	cert, err := s.near.Authority.Issue(names...)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		MaxVersion:   s.end.MaxTLS,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	}, nil
}

// Run serves until ctx ends, then closes the ports and waits for what it
// started. It returns an error only if a service failed before.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range s.run {
		group.Go(func() error { return run(ctx) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("far end %s: %w", s.end.Host, err)
	}
	return nil
}

// Close gives the ports back. It is needed only when Run never ran.
func (s *Server) Close() error {
	var errs []error
	for _, c := range s.close {
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Server) listen(host wire.Host, address string) (net.Listener, error) {
	l, err := host.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on tcp %s: %w", address, err)
	}
	s.close = append(s.close, l)
	return l, nil
}

func (s *Server) listenPacket(host wire.Host, address string) (net.PacketConn, error) {
	c, err := host.ListenPacket("udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on udp %s: %w", address, err)
	}
	s.close = append(s.close, c)
	return c, nil
}

func (s *Server) openNames(host wire.Host, _ *tls.Config) error {
	conn, err := s.listenPacket(host, ":53")
	if err == nil {
		s.run = append(s.run, func(ctx context.Context) error { return s.near.Zone.Serve(ctx, conn) })
	}
	return err
}

func (s *Server) openTime(host wire.Host, _ *tls.Config) error {
	conn, err := s.listenPacket(host, ":123")
	if err == nil {
		s.run = append(s.run, func(ctx context.Context) error { return serveTime(ctx, conn) })
	}
	return err
}
