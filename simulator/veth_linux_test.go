package simulator_test

import (
	"os"
	"testing"

	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/veth"
)

func onVeth(o wire.Options) (wire.Network, error) { return veth.New(o) }

// needsKernel skips a test where there can be no namespaces; never in CI.
func needsKernel(t *testing.T) {
	t.Helper()
	err := veth.Available()
	if err != nil && os.Getenv("HUEPRINT_CI") == "1" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
}

// TestLabsInNamespaces runs each gateway's lab over the kernel's own network:
// the frames of a reaction are the same.
func TestLabsInNamespaces(t *testing.T) {
	needsKernel(t)
	for i, kind := range gateways.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			o := hurried(kind, uint8(81+i))
			o.Wire = onVeth
			inRealTime(t, o)
		})
	}
}

// TestTurnedEchoInNamespaces gives the Echo a reaction and drawn lengths.
func TestTurnedEchoInNamespaces(t *testing.T) {
	needsKernel(t)
	o := hurried(gateways.Echo, 86)
	o.Wire, o.Gateway.React, o.Gateway.Sizes, o.Gateway.Seed = onVeth, 1, gateways.Random, 11
	inRealTime(t, o)
}
