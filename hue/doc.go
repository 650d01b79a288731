// Package hue talks to a Philips Hue bridge: it reads lights, switches them,
// tells what became of each command, and puts a light back as it was found.
//
// The requests of API v1 are sent by huego v1.2.1. That library has no time
// limit, no status check and no client of its own (it always uses net/http's
// default client), it panics on some answers and keeps only the first error of
// an answer that also holds a success. So huego speaks and this package
// listens: every call carries its own context, the client made by [NewClient]
// hands the whole answer to the call, panics are caught, and the answer is read
// here, entry by entry. The event stream of API v2 has its own reader ([Bridge.Watch]).
//
// The way in: [NewClient] once for the process, set by the command as net/http's
// default client; [Discover]; [Pair] and [SaveKey]; then [New], [Bridge.Prepare]
// and [Bridge.Switch].
//
// The package does not retry commands: a lost answer is an [Unknown] outcome,
// because the light may have changed. It does not know experiments, slots or
// gateways, and an answer of the bridge is no proof that the bulb obeyed.
package hue
