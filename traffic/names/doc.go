// Package names knows what the far ends of a recording are called.
//
// A [Book] learns from DNS and mDNS answers, and from the server names of TLS
// connections; [Book.Name] and [Book.Server] answer by time, as names and
// addresses change. [Questions] reads what a DNS message asks.
//
// Names come from the wire and may be hostile: they are kept in the
// presentation form of DNS, lower case, with everything unprintable escaped,
// but not made safe for HTML, terminals or files; reports do that. It reads
// no QUIC and resolves nothing itself.
package names
