// Package gateways holds smart-home gateways as programs that talk.
//
// Each gateway is a program on a [wire.Host] that resolves names, holds
// connections to its clouds, polls or follows the Hue bridge in the same home,
// and reacts, or does not, when a light changes. What it does idle follows
// section 4 of the base paper (J. Zbořil: "IoT Gateways Network Communication
// Analysis", Brno University of Technology, 2022), with the counts of its captured
// week. There is one file a gateway.
//
// A program learns of a change as its model does, from the bridge's event
// stream over the network. It knows nothing of who changed the light, when, or
// what anyone expects to find. Whether and how it reacts is set from outside
// with [Options]; [Gateway.Truth] says what was drawn, for tests only.
//
// It is no evidence about real gateways.
package gateways
