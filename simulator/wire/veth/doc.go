// Package veth is the wire of the Linux kernel, for root: every host is a
// network namespace, joined by virtual cables (veth pairs) to the bridges of a
// switch namespace, and a forwarding namespace is the router. Frames are the
// kernel's own, and a cable can be captured like any interface, by AF_PACKET.
//
// Nothing is made outside the namespaces, which carry the process's number in
// their names; Close removes them, and New those that dead processes left. It
// cannot delay or lose frames. It needs iproute2's ip command. [New] is the
// entry and [Network.Cable] says where to capture.
package veth
