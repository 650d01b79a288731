// Package traffic holds what was on the wire, as values: a [Frame] as it was
// captured, a [Packet] as it was decoded, a TLS [Record] as it was
// reassembled, the [Gateway] under test by its addresses, and the [Recording]
// that says how well the capture went.
//
// It computes nothing beyond what a value can say of itself and knows neither
// files nor interfaces: package decode makes packets of frames, package capture
// obtains frames, package pcapng reads and writes them.
package traffic
