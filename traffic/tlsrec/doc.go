// Package tlsrec reassembles the TLS records that one direction of a TCP
// connection carries.
//
// A [Stream] takes the segments of one direction as they were captured: out of
// order, repeated, cut to their headers, with some missing, from the first or
// from the middle. It yields each [traffic.Record] once, and says of each
// segment what it brought ([Fate]). Where it lost its place, it looks for a
// chain of record headers that fit one another. [HelloReader] reads the server
// name out of a ClientHello.
//
// It decrypts nothing, checks no checksums, and knows no QUIC or DTLS.
package tlsrec
