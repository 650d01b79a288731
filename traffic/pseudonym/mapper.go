package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"

	"github.com/hueprint/hueprint/traffic"
)

// A Key is the secret behind the pseudonyms.
type Key [32]byte

// Names says what becomes of host names.
type Names string

// KeepNames leaves names of the public Internet as they are, unless a label
// holds an address; names of the home (.local, single labels) are hashed all
// the same. HashNames hashes both.
const (
	KeepNames Names = "keep"
	HashNames Names = "hash"
)

// A Mapper maps addresses and names. Within one Mapper no two of them get the
// same pseudonym, unless there are more names of one length than pseudonyms. It
// is not safe for concurrent use.
type Mapper struct {
	key      Key
	names    Names
	pan      cryptoPAn
	addrs    map[netip.Addr]netip.Addr
	macs     map[traffic.MAC]traffic.MAC
	networks map[netip.Addr]bool // pseudonyms
	labels   map[string]string   // by lower case
	taken    map[string]bool     // pseudonyms of labels
	words    map[string]string   // see Replace
	space    []byte
}

// NewMapper makes a Mapper of a key.
func NewMapper(key Key, names Names) *Mapper {
	m := &Mapper{key: key, names: names, addrs: map[netip.Addr]netip.Addr{}, macs: map[traffic.MAC]traffic.MAC{}, networks: map[netip.Addr]bool{},
		labels: map[string]string{}, taken: map[string]bool{}, words: map[string]string{}}
	m.pan = newCryptoPAn(m.derive("addresses"))
	return m
}

// derive makes 32 secret bytes for a purpose.
func (m *Mapper) derive(purpose string) (out [32]byte) {
	h := hmac.New(sha256.New, m.key[:])
	h.Write([]byte("hueprint pseudonym\x00" + purpose))
	h.Sum(out[:0])
	return out
}

// Derive makes 32 secret bytes for a purpose of the caller's, such as an offset
// of time.
func (m *Mapper) Derive(purpose string) [32]byte { return m.derive("caller\x00" + purpose) }
