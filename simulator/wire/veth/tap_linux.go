package veth

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"golang.org/x/sys/unix"
)

// tapBuffer is how many bytes the kernel keeps for a slow looker-on.
const tapBuffer = 16 << 20

// A tap is a packet socket on a cable, and the goroutine that reads it.
type tap struct {
	file    *os.File
	see     func(traffic.Frame)
	running sync.WaitGroup
}

// openTap looks at the cable.
func openTap(cable Cable, see func(traffic.Frame)) (*tap, error) {
	t := &tap{see: see}
	err := cable.Namespace.Enter(func() (err error) {
		t.file, err = openPacketSocket(cable.Interface)
		return err
	})
	if err != nil {
		return nil, err
	}
	t.running.Go(t.run)
	return t, nil
}

// openPacketSocket opens a socket for every frame on the interface.
func openPacketSocket(name string) (*os.File, error) {
	card, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, tapBuffer); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("enlarge packet socket: %w", err)
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network byte order
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: card.Index}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind packet socket to %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// run shows frames, stamped when they are read, until the socket is closed.
func (t *tap) run() {
	buf := make([]byte, 1<<16)
	for number := 1; ; number++ {
		n, err := t.file.Read(buf)
		if err != nil {
			return
		}
		t.see(traffic.Frame{Time: time.Now(), Link: traffic.LinkEthernet, Data: buf[:n], Wire: n, Number: number})
	}
}

// stop closes the socket and waits for the last frame.
func (t *tap) stop() {
	t.file.Close()
	t.running.Wait()
}
