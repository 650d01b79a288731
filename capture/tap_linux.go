package capture

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/capture/filter"
	"github.com/hueprint/hueprint/traffic"
)

// errDown tells that the interface of a tap went down or away.
var errDown = errors.New("the interface is down")

// A tap is a packet socket on an interface, with its ring.
type tap struct {
	*ring
	// fd receives; sender sends markers, as a socket does not see what it sent
	// itself.
	fd, sender int
	index      int
	own        traffic.MAC
	link       traffic.LinkType
	// loopback tells that each frame passes twice.
	loopback bool
	// read counts the frames taken from the ring, received those that passed
	// the filter, dropped those of them that found no room.
	read, received, dropped uint64
}

// Check tells whether a [Live] recorder could record on an interface, or what
// to do so that it can.
func Check(name string) error {
	t, err := Live{Interface: name, RingBytes: 1}.open()
	if err != nil {
		return err
	}
	t.close()
	return nil
}

// open opens the tap. The filter is in place before the first frame.
func (l Live) open() (t *tap, err error) {
	err = l.enter(func() error {
		t, err = l.openHere()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("capture on %s: %w", l.Interface, err)
	}
	return t, nil
}

func (l Live) openHere() (*tap, error) {
	face, err := net.InterfaceByName(l.Interface)
	if err != nil {
		return nil, fmt.Errorf("no such network interface (there are: %s)", interfaceNames())
	}
	if face.Flags&net.FlagUp == 0 {
		return nil, fmt.Errorf("%w (switch it on: sudo ip link set %s up)", errDown, l.Interface)
	}
	t := &tap{index: face.Index, fd: -1, sender: -1, loopback: face.Flags&net.FlagLoopback != 0}
	if len(face.HardwareAddr) == len(t.own) {
		t.own = traffic.MAC(face.HardwareAddr)
	}
	if err := l.prepare(t); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// prepare opens the sockets and the ring of t. The socket is bound last, so
// that nothing arrives before the filter is set.
func (l Live) prepare(t *tap) (err error) {
	if t.fd, err = packetSocket(); err != nil {
		return err
	}
	if t.sender, err = packetSocket(); err != nil {
		return err
	}
	if t.link, err = linkType(t.fd, l.Interface); err != nil {
		return err
	}
	if err := attach(t.fd, l.Gateway, t.link); err != nil {
		return err
	}
	if t.ring, err = newRing(t.fd, cmp.Or(l.RingBytes, DefaultRingBytes)); err != nil {
		return err
	}
	if l.Promiscuous {
		request := unix.PacketMreq{Ifindex: int32(t.index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(t.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &request); err != nil {
			return fmt.Errorf("switch to promiscuous mode: %w", err)
		}
	}
	if err := unix.Bind(t.fd, &unix.SockaddrLinklayer{Ifindex: t.index, Protocol: networkOrder(unix.ETH_P_ALL)}); err != nil {
		return fmt.Errorf("bind to the interface: %w", err)
	}
	return nil
}

// close gives back whatever of the tap is open.
func (t *tap) close() {
	if t.ring != nil {
		t.ring.close()
	}
	for _, fd := range []int{t.fd, t.sender} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// packetSocket opens a packet socket that receives nothing until it is bound.
func packetSocket() (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		program, lookup := os.Executable()
		if lookup != nil {
			program = "$(command -v hueprint)"
		}
		return -1, fmt.Errorf("open a packet socket: %w (allow it once: sudo setcap cap_net_raw+ep %s)", err, program)
	}
	if err != nil {
		return -1, fmt.Errorf("open a packet socket: %w", err)
	}
	return fd, nil
}

// linkType tells how frames of an interface begin, by the hardware types of
// linux/if_arp.h.
func linkType(fd int, name string) (traffic.LinkType, error) {
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, request)
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the kind of interface: %w", err)
	}
	switch kind := request.Uint16(); kind {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return traffic.LinkEthernet, nil
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP, unix.ARPHRD_PPP:
		return traffic.LinkRaw, nil
	default:
		return 0, fmt.Errorf("frames of hardware type %d are not understood (capture on an Ethernet interface or a bridge)", kind)
	}
}

// attach sets the filter of a gateway.
func attach(fd int, g traffic.Gateway, link traffic.LinkType) error {
	program, err := filter.Compile(g, link, MaxFrame-vlanBytes)
	if err != nil {
		return err
	}
	return attachProgram(fd, program)
}

func attachProgram(fd int, program []bpf.RawInstruction) error {
	steps := make([]unix.SockFilter, len(program))
	for i, p := range program {
		steps[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
	}
	err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(steps)), Filter: &steps[0]})
	if err != nil {
		return fmt.Errorf("set the kernel's filter: %w", err)
	}
	return nil
}

// seal lets nothing more into the ring.
func (t *tap) seal() error {
	return attachProgram(t.fd, []bpf.RawInstruction{{Op: unix.BPF_RET | unix.BPF_K, K: 0}})
}

// wait returns when a block is ready, when there is something on the wake file
// descriptor, or after the given time; errDown if the interface is gone.
func (t *tap) wait(wake int, limit time.Duration) error {
	set := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}, {Fd: int32(wake), Events: unix.POLLIN}}
	_, err := unix.Poll(set, int(limit.Milliseconds()))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("wait for frames: %w", err)
	}
	if set[0].Revents&(unix.POLLERR|unix.POLLNVAL) == 0 {
		return nil
	}
	code, err := unix.GetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return fmt.Errorf("wait for frames: %w", err)
	case code == int(unix.ENETDOWN):
		return errDown
	case code != 0:
		return fmt.Errorf("wait for frames: %w", unix.Errno(code))
	}
	return nil
}

// count asks the kernel for its counts and returns how many frames it has
// dropped since the last time.
func (t *tap) count() (dropped uint64, err error) {
	stats, err := unix.GetsockoptTpacketStatsV3(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, fmt.Errorf("ask for the kernel's counts: %w", err)
	}
	t.received += uint64(stats.Packets)
	t.dropped += uint64(stats.Drops)
	return uint64(stats.Drops), nil
}

// drained tells whether everything that passed the filter was taken.
func (t *tap) drained() bool { return t.read+t.dropped >= t.received }

// mark sends a marker through the interface.
func (t *tap) mark(m marker) error {
	to := unix.SockaddrLinklayer{Ifindex: t.index, Protocol: networkOrder(filter.MarkerType), Halen: 6}
	copy(to.Addr[:], t.own[:])
	if err := unix.Sendto(t.sender, m.frame(t.own), 0, &to); err != nil {
		return fmt.Errorf("send a marker: %w", err)
	}
	return nil
}

// networkOrder stores v in network byte order, whatever the host's is.
func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}
