// Package decode turns captured frames into packets.
//
// [Packets] walks the headers itself, over encoding/binary, and only as far as
// the analysis needs them. The layers of gopacket were tried first: of frames
// that the recorder cut (snaplen) they tell no payload length, and of a TCP
// header cut before its twentieth byte not even the ports. The package's tests
// hold its result against gopacket's layers and against tshark.
//
// A frame that cannot be decoded to its end is never an error: the packet is
// still yielded with what is known of it, and [Stats] counts the [Flaw].
// Reassembly is not done here: neither IP fragments nor TCP segments are joined.
package decode
