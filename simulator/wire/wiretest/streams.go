package wiretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
)

var streamCases = []testCase{
	{"a megabyte is echoed beyond the router", func(l *lab) { l.echo(l.cloud, 1<<20) }},
	{"a megabyte is echoed in the home", func(l *lab) { l.echo(l.phone, 1<<20) }},
	{"half a connection can be closed", halfClose},
	{"a deadline ends a read and can be lifted", deadlines},
	{"a refused port is an error", refused},
	{"dialling nobody ends with the context", nobody},
	{"a name is not an address", names},
	{"closing ends what blocks", closing},
	{"a close with unread data resets", unread},
	{"many connections at once", many},
	{"a slow reader gets all", slowReader},
	{"addresses are the hosts'", addressesOfConns},
}

// echo sends bytes to the host and wants them back.
func (l *lab) echo(to wire.Host, size int) {
	l.serve(to, "7", func(c net.Conn) { io.Copy(c, c) })
	conn := l.dial(l.gateway, "tcp", to, "7")
	defer conn.Close()
	sent := pattern(size)
	l.running.Go(func() {
		if _, err := conn.Write(sent); err != nil {
			l.Errorf("write: %v", err)
		}
		conn.(interface{ CloseWrite() error }).CloseWrite()
	})
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		l.Errorf("echo of %d bytes: got %d, error %v", len(sent), len(got), err)
	}
}

// pattern is bytes that do not repeat soon.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*i>>8 ^ i)
	}
	return b
}

func halfClose(l *lab) {
	l.serve(l.cloud, "80", func(c net.Conn) {
		question, _ := io.ReadAll(c)
		fmt.Fprintf(c, "you said %s", question)
	})
	conn := l.dial(l.gateway, "tcp", l.cloud, "80")
	defer conn.Close()
	io.WriteString(conn, "hello")
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		l.Errorf("close the sending half: %v", err)
	}
	if got, err := io.ReadAll(conn); string(got) != "you said hello" || err != nil {
		l.Errorf("after the half close got %q, error %v", got, err)
	}
	if _, err := io.WriteString(conn, "more"); err == nil {
		l.Error("writing after the half close succeeded")
	}
}

func deadlines(l *lab) {
	l.serve(l.cloud, "7", func(c net.Conn) { io.Copy(c, c) })
	conn := l.dial(l.gateway, "tcp", l.cloud, "7")
	defer conn.Close()
	begin := time.Now()
	conn.SetReadDeadline(begin.Add(100 * time.Millisecond))
	_, err := conn.Read(make([]byte, 1))
	var fault net.Error
	if !errors.As(err, &fault) || !fault.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		l.Errorf("read past its deadline: %v, want a timeout", err)
	}
	if took := time.Since(begin); took < 100*time.Millisecond || took > 5*time.Second {
		l.Errorf("a deadline of 100 ms took %v", took)
	}
	conn.SetReadDeadline(time.Time{})
	io.WriteString(conn, "x")
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		l.Errorf("read after the deadline was lifted: %v", err)
	}
}

func refused(l *lab) {
	for _, to := range []wire.Host{l.cloud, l.phone} {
		_, err := l.gateway.Dial(l.Context(), "tcp", net.JoinHostPort(to.Addr().String(), "81"))
		if !errors.Is(err, syscall.ECONNREFUSED) {
			l.Errorf("dial a port nobody serves on %s: %v, want connection refused", to.Name(), err)
		}
	}
}

func nobody(l *lab) {
	for _, address := range []string{"192.168.77.99:80", "203.0.113.99:80"} {
		ctx, cancel := context.WithTimeout(l.Context(), 300*time.Millisecond)
		begin := time.Now()
		if _, err := l.gateway.Dial(ctx, "tcp", address); err == nil {
			l.Errorf("dial %s: connected with nobody", address)
		}
		if took := time.Since(begin); took > 3*time.Second {
			l.Errorf("dial %s took %v with a context of 300 ms", address, took)
		}
		cancel()
	}
}

func names(l *lab) {
	if _, err := l.gateway.Dial(l.Context(), "tcp", "cloud.example:80"); err == nil {
		l.Error("dialled a name")
	}
	if _, err := l.gateway.Dial(l.Context(), "unix", "203.0.113.7:80"); err == nil {
		l.Error("dialled a unix socket")
	}
	if _, err := l.gateway.Listen("tcp", "203.0.113.7:80"); err == nil {
		l.Error("listened on another host's address")
	}
	for _, wrong := range []wire.HostOptions{
		cast[0],
		{Name: "far", Addr: netip.MustParseAddr("203.0.113.8"), MAC: cast[0].MAC, Cloud: true},
		{Name: "lost", Addr: netip.MustParseAddr("203.0.113.8"), MAC: [6]byte{2, 9}},
	} {
		if _, err := l.network.Add(wrong); err == nil {
			l.Errorf("added the impossible host %+v", wrong)
		}
	}
	if _, err := l.network.Tap("nobody", l.see); err == nil {
		l.Error("tapped a host that does not exist")
	}
}

func closing(l *lab) {
	l.serve(l.cloud, "9", func(c net.Conn) { io.Copy(io.Discard, c) })
	conn := l.dial(l.gateway, "tcp", l.cloud, "9")
	listener, err := l.gateway.Listen("tcp", ":8080")
	if err != nil {
		l.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { conn.Close(); listener.Close() })
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		l.Errorf("read of a closed connection: %v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		l.Errorf("accept of a closed listener: %v", err)
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		l.Errorf("write to a closed connection: %v", err)
	}
	again, err := l.gateway.Listen("tcp", ":8080")
	if err != nil {
		l.Fatalf("the port is not free after the close: %v", err)
	}
	again.Close()
}

// unread demands that a peer learns that its data was thrown away.
func unread(l *lab) {
	received := make(chan struct{})
	l.serve(l.cloud, "9", func(c net.Conn) {
		<-received
		time.Sleep(50 * time.Millisecond)
	})
	conn := l.dial(l.gateway, "tcp", l.cloud, "9")
	defer conn.Close()
	io.WriteString(conn, "nobody reads this")
	close(received)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		l.Errorf("read from a peer that closed: %v", err)
	}
}

func many(l *lab) {
	l.serve(l.cloud, "7", func(c net.Conn) { io.Copy(c, c) })
	var clients sync.WaitGroup
	for i := range 50 {
		clients.Go(func() {
			conn, err := l.gateway.Dial(l.Context(), "tcp", "203.0.113.7:7")
			if err != nil {
				l.Errorf("dial %d: %v", i, err)
				return
			}
			defer conn.Close()
			want := pattern(2000 + i)
			conn.Write(want)
			got := make([]byte, len(want))
			if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
				l.Errorf("connection %d: %v", i, err)
			}
		})
	}
	clients.Wait()
}

func slowReader(l *lab) {
	const size = 3 << 20
	l.serve(l.cloud, "19", func(c net.Conn) { c.Write(pattern(size)) })
	conn := l.dial(l.gateway, "tcp", l.cloud, "19")
	defer conn.Close()
	time.Sleep(300 * time.Millisecond)
	if got, err := io.ReadAll(conn); !bytes.Equal(got, pattern(size)) || err != nil {
		l.Errorf("a slow reader got %d of %d bytes, error %v", len(got), size, err)
	}
}

func addressesOfConns(l *lab) {
	remote := make(chan string, 1)
	l.serve(l.cloud, "80", func(c net.Conn) { remote <- c.RemoteAddr().String() })
	conn := l.dial(l.gateway, "tcp", l.cloud, "80")
	defer conn.Close()
	if got := conn.RemoteAddr().String(); got != "203.0.113.7:80" {
		l.Errorf("remote address %s", got)
	}
	if got := <-remote; got != conn.LocalAddr().String() {
		l.Errorf("the server sees %s, the client is %s", got, conn.LocalAddr())
	}
	if got := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(); got != l.gateway.Addr() {
		l.Errorf("local address %s is not the gateway's", got)
	}
}
