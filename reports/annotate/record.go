package annotate

import "encoding/binary"

// The tags of an exported PDU (Wireshark, epan/exported_pdu_tlvs.h): numbers and
// lengths are big-endian, values are padded to four bytes.
const (
	tagEnd       = 0
	tagDissector = 12
)

// informational is the priority of the messages: facility local0, severity
// informational (RFC 5424, section 6.2.1).
const informational = "<134>"

// syslog makes the data of a record that Wireshark shows as a syslog message.
func syslog(text string) []byte {
	const dissector = "syslog\x00\x00"
	b := binary.BigEndian.AppendUint16(nil, tagDissector)
	b = binary.BigEndian.AppendUint16(b, uint16(len(dissector)))
	b = append(b, dissector...)
	b = append(b, 0, tagEnd, 0, 0)
	return append(append(b, informational...), text...)
}
