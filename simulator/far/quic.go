package far

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/hueprint/hueprint/simulator/wire"
)

// Protocol is the application protocol that is negotiated over QUIC. What
// follows is a request of one line and an answer, not HTTP/3's framing.
const Protocol = "h3"

// QUICConfig is how both ends speak QUIC: full packets have 1,350 bytes of
// payload, as those of the base paper's Nest.
func QUICConfig() *quic.Config {
	return &quic.Config{
		InitialPacketSize: 1350, DisablePathMTUDiscovery: true,
		HandshakeIdleTimeout: 10 * time.Second, MaxIdleTimeout: 30 * time.Second,
	}
}

// A Datagrams is a packet connection that quic-go takes without complaint about
// buffers, which a simulated wire does not have.
type Datagrams struct{ net.PacketConn }

// SetReadBuffer does nothing.
func (Datagrams) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing.
func (Datagrams) SetWriteBuffer(int) error { return nil }

func (s *Server) openQUIC(host wire.Host, security *tls.Config) error {
	conn, err := s.listenPacket(host, ":443")
	if err != nil {
		return err
	}
	security = security.Clone()
	security.MinVersion, security.MaxVersion, security.NextProtos = tls.VersionTLS13, 0, []string{Protocol}
	s.run = append(s.run, func(ctx context.Context) error { return serveQUIC(ctx, conn, security) })
	return nil
}

func serveQUIC(ctx context.Context, conn net.PacketConn, security *tls.Config) (err error) {
	transport := &quic.Transport{Conn: Datagrams{conn}}
	defer func() { _ = errors.Join(transport.Close(), conn.Close()) }()
	listener, err := transport.Listen(security, QUICConfig())
	if err != nil {
		return fmt.Errorf("listen for QUIC: %w", err)
	}
	defer listener.Close()
	var busy sync.WaitGroup
	defer busy.Wait()
	for {
		c, err := listener.Accept(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept QUIC: %w", err)
		}
		busy.Go(func() { answerQUIC(ctx, c) })
	}
}

// answerQUIC answers each stream of a connection until its client leaves.
func answerQUIC(ctx context.Context, conn *quic.Conn) {
	defer conn.CloseWithError(0, "")
	for {
		stream, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, io.LimitReader(stream, 1<<16)); err != nil {
			return
		}
		_, _ = stream.Write(make([]byte, 2900))
		_ = stream.Close()
	}
}
