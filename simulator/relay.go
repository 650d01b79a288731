package simulator

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/hueprint/hueprint/simulator/far"
)

// Relay carries connections from a listener of the real computer, on loopback,
// to the lab's bridge, so that curl, browsers and any other client reach it.
// One listener serves HTTP and HTTPS: a connection whose first byte begins a
// TLS handshake goes to the bridge's port 443, any other to port 80. Relay
// returns when ctx ends, with nil, or when the listener fails; then no
// connection is left.
func Relay(ctx context.Context, lab *Lab, listen net.Listener) error {
	err := far.ServeConnections(ctx, listen, func(ctx context.Context, client net.Conn) {
		if err := lab.carry(ctx, client); err != nil && ctx.Err() == nil {
			lab.log.Warn("relay lost a connection", "error", err)
		}
	})
	if err != nil {
		return fmt.Errorf("relay to the simulated bridge: %w", err)
	}
	return nil
}

// carry relays one connection.
func (l *Lab) carry(ctx context.Context, client net.Conn) error {
	const tlsHandshake = 0x16
	from := bufio.NewReader(client)
	first, err := from.Peek(1)
	if err != nil {
		return nil // it said nothing: nothing is lost
	}
	port := uint16(80)
	if first[0] == tlsHandshake {
		port = 443
	}
	inside, err := l.controller.Dial(ctx, "tcp", netip.AddrPortFrom(l.BridgeAddr(), port).String())
	if err != nil {
		return err
	}
	defer inside.Close()
	stop := context.AfterFunc(ctx, func() { inside.Close() })
	defer stop()
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(inside, from)
		endWriting(inside)
	})
	_, err = io.Copy(client, inside)
	client.Close()
	inside.Close()
	up.Wait()
	return err
}

// endWriting tells the other side that nothing more comes.
func endWriting(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	conn.Close()
}
