// Package far holds the far ends that simulated gateways talk to: cloud
// servers, name servers, time servers, and the phone of someone at home.
//
// Each is a program on a [wire.Host] that speaks the real protocol (TLS from
// crypto/tls, QUIC from quic-go, HTTP, DNS, NTP) with certificates of the lab's
// own [Authority]. An [End] says what a far end is; [Open] takes its ports and
// [Server.Run] serves until told to stop. A far end answers what it is asked
// and knows neither lights nor which gateway asks.
package far
