package netstack_test

import (
	"testing"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/netstack"
	"github.com/hueprint/hueprint/simulator/wire/wiretest"
)

func open(o wire.Options) (wire.Network, error) {
	n, err := netstack.New(o)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func TestWire(t *testing.T) { wiretest.Run(t, open, wiretest.RealTime) }
