package veth_test

import (
	"os"
	"testing"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/veth"
	"github.com/hueprint/hueprint/simulator/wire/wiretest"
)

func open(o wire.Options) (wire.Network, error) {
	n, err := veth.New(o)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// needsKernel skips a test where there can be no namespaces; never in CI.
func needsKernel(t *testing.T) {
	t.Helper()
	if err := veth.Available(); err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func TestWire(t *testing.T) {
	needsKernel(t)
	wiretest.Run(t, open, wiretest.RealTime)
}
