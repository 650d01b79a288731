// Package events turns a gateway's packets into the events that can be marks of
// an action: TLS records, datagrams, messages, starts and ends of flows, DNS
// questions, each on a named channel.
//
// It drops what says nothing (retransmissions, pure ACKs, keep-alives, frames
// that an access point recorded twice) and what is not the gateway's. It knows
// no commands, slots or significance: package correlate has those.
package events
