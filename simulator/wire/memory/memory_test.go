package memory_test

import (
	"testing"
	"testing/synctest"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/memory"
	"github.com/hueprint/hueprint/simulator/wire/wiretest"
)

func open(o wire.Options) (wire.Network, error) {
	n, err := memory.New(o)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func TestVirtualTime(t *testing.T) { wiretest.Run(t, open, synctest.Test) }

func TestRealTime(t *testing.T) { wiretest.Run(t, open, wiretest.RealTime) }
