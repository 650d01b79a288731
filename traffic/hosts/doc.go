// Package hosts tells who is heard on a network: one entry a MAC address, with
// the vendor of its prefix, the addresses it sends from, and what it calls itself
// by mDNS, DHCP, LLMNR and SSDP; so that a user can pick a gateway from a list.
//
// Feed frames to a [Book] and ask it for its [Host] entries. What a host says of
// itself is kept as it said it, bounded in length and number, and hostile until
// it is printed with care. Everything else here is a hint, too: a prefix names
// who registered it, and the kind of gateway in [Host.Guess] is guessed.
//
// The package sends no question, so that silent hosts stay unknown, and it keeps
// no packets. Messages that were cut, or are none, are read as far as they can be.
package hosts
