package traffic

import "fmt"

// Keep says how much of each frame a recording holds.
type Keep string

// KeepHeaders holds everything up to and including the transport header.
// KeepRecords holds besides what names and record lengths need, and no
// application content. KeepFull, like the empty Keep of older recordings, holds
// every byte.
const (
	KeepHeaders Keep = "headers"
	KeepRecords Keep = "records"
	KeepFull    Keep = "full"
)

// UnmarshalText reads one of the three words.
func (k *Keep) UnmarshalText(text []byte) error {
	switch v := Keep(text); v {
	case KeepHeaders, KeepRecords, KeepFull:
		*k = v
		return nil
	}
	return fmt.Errorf("keep %q is neither headers, records nor full", text)
}
