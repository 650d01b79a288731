// Package simulator is a lab without hardware: one home with a Hue bridge, one
// gateway, a router, a phone where the gateway has one, a controlling computer,
// and the gateway's clouds beyond the router.
//
// A [Lab] joins the parts: package wire is the network, package bridge the Hue
// bridge, package gateways the gateway's program, package far its far ends.
// Everything in it talks over the wire; the truth of what the gateway does is
// known only inside. Whoever runs an experiment on it reaches the bridge over
// HTTP, through the controller's Dial or a [Relay], and sees frames through
// [Lab.Recorder], as on a real bench.
//
// It is evidence for nothing about real gateways, and knows nothing of
// experiments.
package simulator
