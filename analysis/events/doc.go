// Package events turns a gateway's packets into the events that can be marks of
// an action: TLS records, datagrams, messages, starts and ends of flows, DNS
// questions, each on a named channel.
//
// [Extract] reads a recording once and returns its [Log]. It drops what says
// nothing (retransmissions, pure ACKs, keep-alives, frames that an access point
// recorded twice) and what is not the gateway's. It knows no commands, slots or
// significance: package correlate has those.
//
// One frame is one kind of event where it could be two: a DNS or mDNS question
// is a [DNSQuestion] and neither a [Datagram], a [Multicast] nor a [FlowStart];
// an answer is a Datagram, or a Multicast when sent to the group. TCP data are
// [TLSRecord] and [ClientHello] events in a TLS connection, [Message] events in
// any other. ARP, IGMP and IP fragments after the first are counted as packets
// only.
//
// A gateway known by addresses alone has only the traffic of these addresses: a
// second one that it uses (IPv6 beside IPv4) must be named, or its MAC.
package events
