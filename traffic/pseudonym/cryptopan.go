package pseudonym

import (
	"crypto/aes"
	"crypto/cipher"
	"net/netip"
)

// cryptoPAn is the prefix-preserving map of Xu et al. (2002): bit i of an
// address is flipped or not by the AES encryption of the bits before it.
type cryptoPAn struct {
	block cipher.Block
	pad   [16]byte
}

func newCryptoPAn(key [32]byte) cryptoPAn {
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	c := cryptoPAn{block: block}
	block.Encrypt(c.pad[:], key[16:])
	return c
}

// anonymize maps an address; its first fixed bits stay.
func (c cryptoPAn) anonymize(addr netip.Addr, fixed int) netip.Addr {
	from := addr.AsSlice()
	to := make([]byte, len(from))
	var out [16]byte
	for i := range len(from) * 8 {
		at, bit := i/8, byte(0x80)>>(i%8)
		flip := byte(0)
		if i >= fixed {
			in := c.pad // the bits before i are the address's, the rest the pad's
			copy(in[:at], from)
			before := ^byte(0xff >> (i % 8))
			in[at] = from[at]&before | c.pad[at]&^before
			c.block.Encrypt(out[:], in[:])
			flip = out[0] >> 7 * bit
		}
		to[at] |= from[at]&bit ^ flip
	}
	mapped, _ := netip.AddrFromSlice(to)
	return mapped
}
