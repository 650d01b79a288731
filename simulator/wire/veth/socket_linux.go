package veth

import "net"

// The sockets of a host are the kernel's, but the host knows of them until they
// are closed.
type (
	stream struct {
		*net.TCPConn
		host *host
	}
	datagrams struct {
		*net.UDPConn
		host *host
	}
	listener struct {
		*net.TCPListener
		host *host
	}
)

func (s *stream) Close() error {
	s.host.disown(s)
	return s.TCPConn.Close()
}

func (d *datagrams) Close() error {
	d.host.disown(d)
	return d.UDPConn.Close()
}

// Accept waits for a connection, which is the host's too.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	s := &stream{conn, l.host}
	if err := l.host.own(s); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (l *listener) Close() error {
	l.host.disown(l)
	return l.TCPListener.Close()
}
