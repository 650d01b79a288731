// Package pseudonym replaces what names people and places in a recording by
// pseudonyms, such that the analysis of both is the same.
//
// A [Mapper] holds a secret key. The same key gives the same pseudonyms, and
// nobody without it can tell which address or name stands behind one:
//
//   - IP addresses keep the length of the prefix that they share (Crypto-PAn,
//     Xu, Fan, Ammar and Moon, ICNP 2002, with a key of 32 bytes), and their
//     class: private, link-local, loopback, documentation, shared, multicast,
//     broadcast and global addresses stay what they are. For that, an address
//     keeps the bits that it shares with the nearest special range; see
//     [Mapper.Addr]. Group addresses stay as they are.
//   - MAC addresses keep the vendor's half; group addresses stay as they are.
//   - Names keep their public suffix, and labels such as _tcp that name a
//     service; every other label becomes one of the same length, so that no
//     packet changes its length. [KeepNames] leaves the names of the public
//     Internet as they are.
//
// Lengths, times, ports, flags, numbers and the order of packets stay. The
// package does not cut content: package redact does, before.
//
// What such pseudonyms hide is limited: who can send packets into the recorded
// network, or knows some of its addresses, learns more of the others' prefixes.
package pseudonym
