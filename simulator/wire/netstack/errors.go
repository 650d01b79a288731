package netstack

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A socket is what streams, listeners and datagram sockets share: whose it is,
// and whether its program has closed it.
type socket struct {
	host   *host
	closed atomic.Bool
}

// shut closes the socket; only the first call returns true.
func (s *socket) shut() bool { return s.closed.CompareAndSwap(false, true) }

// errnos are the stack's errors that programs look for, by their text, since
// gonet keeps nothing else.
var errnos = map[string]syscall.Errno{
	(&tcpip.ErrConnectionRefused{}).String():  syscall.ECONNREFUSED,
	(&tcpip.ErrConnectionReset{}).String():    syscall.ECONNRESET,
	(&tcpip.ErrConnectionAborted{}).String():  syscall.ECONNABORTED,
	(&tcpip.ErrHostUnreachable{}).String():    syscall.EHOSTUNREACH,
	(&tcpip.ErrNetworkUnreachable{}).String(): syscall.ENETUNREACH,
	(&tcpip.ErrTimeout{}).String():            syscall.ETIMEDOUT,
	(&tcpip.ErrPortInUse{}).String():          syscall.EADDRINUSE,
	(&tcpip.ErrMessageTooLong{}).String():     syscall.EMSGSIZE,
	(&tcpip.ErrClosedForSend{}).String():      syscall.EPIPE,
}

// translate makes an error of the stack one of package syscall, where there is
// such a one.
func translate(fault tcpip.Error) error {
	if fault == nil {
		return nil
	}
	if errno, ok := errnos[fault.String()]; ok {
		return errno
	}
	return errors.New(fault.String())
}

// fault makes an error of gonet one of package net. [io.EOF] stays what it is.
func (s *socket) fault(err error) error {
	var op *net.OpError
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return &net.OpError{Op: "use", Net: "netstack", Err: net.ErrClosed}
	case err == io.EOF || !errors.As(err, &op):
		return err
	case op.Timeout():
		op.Err = os.ErrDeadlineExceeded
	default:
		if errno, ok := errnos[op.Err.Error()]; ok {
			op.Err = errno
		}
	}
	return op
}

func dialError(network string, to net.Addr, err error) error {
	return &net.OpError{Op: "dial", Net: network, Addr: to, Err: err}
}
