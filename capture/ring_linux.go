package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// blockBytes is the unit in which the kernel hands frames over; a frame
	// must fit into one.
	blockBytes = 512 << 10
	// blockPatience is after how long the kernel hands over a block that is
	// not full.
	blockPatience = 20 * time.Millisecond
	// vlanBytes is the length of a VLAN tag, and the room that the kernel
	// leaves before each frame for it.
	vlanBytes = 4

	// Offsets in the kernel's structures (linux/if_packet.h): tpacket_block_desc
	// first, then tpacket3_hdr and the sockaddr_ll that follows it.
	offStatus, offPackets, offFirst = 8, 12, 16

	offNext, offSec, offNsec, offSnaplen, offLen = 0, 4, 8, 12, 16
	offFlags, offMac, offTCI, offTPID            = 20, 24, 32, 36
	offPacketType                                = unix.SizeofTpacket3Hdr + 10
	frameHeader                                  = unix.SizeofTpacket3Hdr + unix.SizeofSockaddrLinklayer
)

// errRing tells that the kernel's ring is not as documented.
var errRing = errors.New("the kernel's packet ring is damaged (please report this with the kernel's version)")

// A ring is the memory that the kernel fills with frames: TPACKET_V3, described
// in the kernel's Documentation/networking/packet_mmap.rst.
type ring struct {
	mem  []byte
	next int // the block that the kernel fills next
}

// A slot is one frame in a ring, in the form of the kernel.
type slot struct {
	data     []byte
	wire     int
	at       time.Time
	outgoing bool
}

// newRing makes the packet socket fd deliver into a ring of about size bytes.
func newRing(fd, size int) (*ring, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("choose TPACKET_V3: %w (it needs Linux 3.2)", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, vlanBytes); err != nil {
		return nil, fmt.Errorf("reserve room for a VLAN tag: %w", err)
	}
	blocks := max(2, size/blockBytes)
	const frameSize = 2048 // for the kernel's arithmetic only: frames take what they need
	request := unix.TpacketReq3{
		Block_size: blockBytes, Block_nr: uint32(blocks),
		Frame_size: frameSize, Frame_nr: uint32(blocks * (blockBytes / frameSize)),
		Retire_blk_tov: uint32(blockPatience.Milliseconds()),
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &request); err != nil {
		return nil, fmt.Errorf("make a packet ring of %d MiB: %w (choose a smaller ring)", blocks*blockBytes>>20, err)
	}
	mem, err := unix.Mmap(fd, 0, blocks*blockBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the packet ring: %w", err)
	}
	return &ring{mem: mem}, nil
}

func (r *ring) close() { unix.Munmap(r.mem) }

// take hands the frames of the next block to visit, and the block back to the
// kernel. It tells how many frames there were, and false if the block is still
// the kernel's. The frames' data may be changed, but not kept.
func (r *ring) take(visit func(slot) error) (frames uint64, ready bool, err error) {
	start := r.next * blockBytes
	block := r.mem[start : start+blockBytes]
	status := (*uint32)(unsafe.Pointer(&block[offStatus]))
	if atomic.LoadUint32(status)&unix.TP_STATUS_USER == 0 {
		return 0, false, nil
	}
	defer func() {
		atomic.StoreUint32(status, unix.TP_STATUS_KERNEL)
		r.next = (r.next + 1) % (len(r.mem) / blockBytes)
	}()
	count := binary.NativeEndian.Uint32(block[offPackets:])
	at := uint64(binary.NativeEndian.Uint32(block[offFirst:]))
	for range count {
		if at+frameHeader > blockBytes {
			return frames, true, errRing
		}
		frame := block[at:]
		s, err := readSlot(frame)
		if err != nil {
			return frames, true, err
		}
		frames++
		if err := visit(s); err != nil {
			return frames, true, err
		}
		at += uint64(binary.NativeEndian.Uint32(frame[offNext:]))
	}
	return frames, true, nil
}

// readSlot reads the frame at the beginning of p.
func readSlot(p []byte) (slot, error) {
	native := binary.NativeEndian
	begin, kept := uint64(native.Uint16(p[offMac:])), uint64(native.Uint32(p[offSnaplen:]))
	if begin < frameHeader+vlanBytes || begin+kept > uint64(len(p)) {
		return slot{}, errRing
	}
	s := slot{
		data:     p[begin : begin+kept : begin+kept],
		wire:     int(native.Uint32(p[offLen:])),
		at:       time.Unix(int64(native.Uint32(p[offSec:])), int64(native.Uint32(p[offNsec:]))).UTC(),
		outgoing: p[offPacketType] == unix.PACKET_OUTGOING,
	}
	flags := native.Uint32(p[offFlags:])
	if flags&unix.TP_STATUS_VLAN_VALID != 0 && kept >= 12 {
		tpid := uint16(unix.ETH_P_8021Q)
		if flags&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			tpid = native.Uint16(p[offTPID:])
		}
		s.data = p[begin-vlanBytes : begin+kept : begin+kept]
		retag(s.data, tpid, uint16(native.Uint32(p[offTCI:])))
		s.wire += vlanBytes
	}
	return s, nil
}

// retag puts a VLAN tag back between the addresses and the type of a frame that
// begins four bytes into p.
func retag(p []byte, tpid, tci uint16) {
	copy(p, p[vlanBytes:12+vlanBytes])
	binary.BigEndian.PutUint16(p[12:], tpid)
	binary.BigEndian.PutUint16(p[14:], tci)
}
