package wiretest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/quic-go/quic-go"
)

var applicationCases = []testCase{
	{"HTTP runs over it", overHTTP},
	{"QUIC runs over it", overQUIC},
	{"an idle connection is kept alive", keptAlive},
	{"closing the network ends its programs", abandoned},
}

func overHTTP(l *lab) {
	listener, err := l.cloud.Listen("tcp", ":80")
	if err != nil {
		l.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})}
	l.closers = append(l.closers, server)
	l.running.Go(func() { server.Serve(listener) })
	transport := &http.Transport{DialContext: l.gateway.Dial}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	for range 3 {
		resp, err := client.Post("http://203.0.113.7/", "text/plain", io.LimitReader(endless{}, 5000))
		if err != nil {
			l.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if len(body) != 5000 || err != nil {
			l.Errorf("got %d bytes, error %v", len(body), err)
		}
	}
}

// endless reads as x for ever.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func overQUIC(l *lab) {
	const protocol = "echo"
	ctx, cancel := context.WithTimeout(l.Context(), 10*time.Second)
	defer cancel()
	server, err := l.cloud.ListenPacket("udp", ":443")
	if err != nil {
		l.Fatal(err)
	}
	serving := &quic.Transport{Conn: server}
	listener, err := serving.Listen(&tls.Config{Certificates: []tls.Certificate{certificate(l.T)}, NextProtos: []string{protocol}}, nil)
	if err != nil {
		l.Fatal(err)
	}
	l.closers = append(l.closers, listener, serving, server)
	l.running.Go(func() { echoQUIC(ctx, listener) })
	packets, err := l.gateway.ListenPacket("udp", ":0")
	if err != nil {
		l.Fatal(err)
	}
	defer packets.Close()
	dialling := &quic.Transport{Conn: packets}
	defer dialling.Close()
	conn, err := dialling.Dial(ctx, &net.UDPAddr{IP: l.cloud.Addr().AsSlice(), Port: 443},
		&tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}, nil)
	if err != nil {
		l.Fatalf("dial QUIC: %v", err)
	}
	defer conn.CloseWithError(0, "")
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		l.Fatal(err)
	}
	want := pattern(20000)
	stream.Write(want)
	stream.Close()
	if got, err := io.ReadAll(stream); !slices.Equal(got, want) || err != nil {
		l.Errorf("echo of %d bytes over QUIC: got %d, error %v", len(want), len(got), err)
	}
}

// echoQUIC echoes the first stream of the first connection.
func echoQUIC(ctx context.Context, listener *quic.Listener) {
	conn, err := listener.Accept(ctx)
	if err != nil {
		return
	}
	stream, err := conn.AcceptStream(ctx)
	if err != nil {
		return
	}
	io.Copy(stream, stream)
	stream.Close()
	<-conn.Context().Done()
}

// keptAlive demands probes of the gateway, whose interval is a second, and
// answers to them.
func keptAlive(l *lab) {
	l.serve(l.cloud, "7", func(c net.Conn) { io.Copy(c, c) })
	conn := l.dial(l.gateway, "tcp", l.cloud, "7")
	defer conn.Close()
	io.WriteString(conn, "hello")
	io.ReadFull(conn, make([]byte, 5))
	time.Sleep(300 * time.Millisecond)
	before := len(l.seen())
	time.Sleep(2500 * time.Millisecond)
	probes := 0
	for _, p := range decoded(l.T, l.seen())[before:] {
		if tcp, ok := p.TransportLayer().(*layers.TCP); ok && len(tcp.Payload) <= 1 && tcp.DstPort == 7 {
			probes++
		}
	}
	if probes < 2 {
		l.Errorf("%d keep-alive probes in 2.5 s, want at least 2", probes)
	}
}

// abandoned leaves everything open; closing the network must end it.
func abandoned(l *lab) {
	l.serve(l.cloud, "7", func(c net.Conn) { io.Copy(c, c) })
	conn := l.dial(l.gateway, "tcp", l.cloud, "7")
	packets, err := l.gateway.ListenPacket("udp", ":5000")
	if err != nil {
		l.Fatal(err)
	}
	listener, err := l.phone.Listen("tcp", ":8080")
	if err != nil {
		l.Fatal(err)
	}
	l.running.Go(func() { conn.Read(make([]byte, 1)) })
	l.running.Go(func() { packets.ReadFrom(make([]byte, 1)) })
	l.running.Go(func() { listener.Accept() })
	time.Sleep(20 * time.Millisecond)
	frames := l.seen()
	if err := l.network.Close(); err != nil {
		l.Errorf("close the network: %v", err)
	}
	l.running.Wait()
	if _, err := l.gateway.Dial(context.Background(), "tcp", "203.0.113.7:7"); err == nil {
		l.Error("dialled on a closed network")
	}
	if _, err := l.network.Add(cast[0]); err == nil {
		l.Error("added a host to a closed network")
	}
	if len(frames) == 0 {
		l.Error("the tap saw nothing")
	}
}
