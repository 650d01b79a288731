// Package bridgetest looks at a Hue bridge through clients that are not ours.
//
// The clients are node-hue-api and huejay from the npm registry, pinned by the
// lock file in simulator/bridge/testdata/clients. It is for tests only: it
// starts node, and makes the test skip, or fail where HUEPRINT_CI=1, where
// package nodetest lacks something. [ReadLight] is the usual entry point.
package bridgetest

import (
	"encoding/json"
	"net"
	"testing"

	"github.com/hueprint/hueprint/nodetest"
	"github.com/hueprint/hueprint/simulator/bridge"
)

// ReadLight returns the state of a light as node-hue-api reads it over plain
// HTTP from the bridge at addr ("host:port"). It fails the test if it cannot.
func ReadLight(t testing.TB, addr, key, light string) bridge.LightState {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatalf("read light %s: %v", light, err)
	}
	var state bridge.LightState
	if err := json.Unmarshal(Run(t, "light.js", host, port, key, light), &state); err != nil {
		t.Fatalf("read light %s: %v", light, err)
	}
	return state
}

// Run runs one of the scripts of simulator/bridge/testdata/clients and returns
// what it printed. It fails the test if the script fails.
func Run(t testing.TB, script string, args ...string) []byte {
	t.Helper()
	return nodetest.Run(t, "simulator/bridge/testdata/clients", script, args...)
}
