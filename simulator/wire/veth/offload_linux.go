package veth

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// offloads are the ethtool commands (linux/ethtool.h) of what a network card
// would do for the kernel: with them on, frames on a veth pair lack checksums
// and are far longer than any Ethernet frame.
var offloads = []uint32{
	unix.ETHTOOL_STXCSUM, unix.ETHTOOL_SSG, unix.ETHTOOL_STSO, unix.ETHTOOL_SGSO, unix.ETHTOOL_SGRO,
}

// plain turns the interface's offloads off, in the namespace of its thread.
func plain(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("turn offloads of %s off: %w", name, err)
	}
	defer unix.Close(fd)
	for _, command := range offloads {
		if err := turnOff(fd, name, command); err != nil {
			return fmt.Errorf("turn offload 0x%x of %s off: %w", command, name, err)
		}
	}
	return nil
}

// turnOff does one SIOCETHTOOL call with the value 0.
func turnOff(fd int, name string, command uint32) error {
	value := struct{ command, data uint32 }{command: command}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	if errno != 0 && errno != unix.EOPNOTSUPP {
		return errno
	}
	return nil
}
