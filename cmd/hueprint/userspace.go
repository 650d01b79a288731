package main

import (
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/netstack"
)

// userspace is the wire of the demo: a network inside this process, in real
// time, without root.
func userspace(o wire.Options) (wire.Network, error) { return netstack.New(o) }
