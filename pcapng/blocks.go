package pcapng

// The block types of the format (draft-ietf-opsawg-pcapng, section 11.1).
const (
	blockSection    = 0x0A0D0D0A
	blockInterface  = 1
	blockPacket     = 2 // obsolete, still found in old files
	blockSimple     = 3
	blockStatistics = 5
	blockEnhanced   = 6

	byteOrderMagic = 0x1A2B3C4D
)

// The option codes that are read or written; a code's meaning depends on the
// kind of block, except for the first two.
const (
	optEnd     = 0
	optComment = 1

	optHardware    = 2 // section
	optOS          = 3
	optApplication = 4

	optName        = 2 // interface
	optDescription = 3
	optResolution  = 9
	optFilter      = 11
	optFCS         = 13
	optOffset      = 14

	optStart    = 2 // statistics
	optEndTime  = 3
	optReceived = 4
	optDropped  = 5
)

// padded rounds a length up to the format's 32-bit boundary.
func padded(n int) int { return (n + 3) &^ 3 }
