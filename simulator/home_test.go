package simulator_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/traffic"
)

// cableCount counts frames that one MAC address sent or received, and others.
type cableCount struct {
	mac          traffic.MAC
	own, foreign int
}

// Frame counts one.
func (c *cableCount) Frame(f traffic.Frame) error {
	dst, src := traffic.MAC(f.Data[0:6]), traffic.MAC(f.Data[6:12])
	if src == c.mac || dst == c.mac || dst.IsGroup() {
		c.own++
	} else {
		c.foreign++
	}
	return nil
}

// TestFourGatewaysInOneHome: all get ready on one bridge, and each cable carries
// its own gateway's frames only.
func TestFourGatewaysInOneHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := simulator.LabOptions{Gateway: gateways.Defaults(gateways.Aeotec), Subnet: 44, Seed: 9}
		for _, kind := range gateways.Kinds()[1:] {
			o.More = append(o.More, gateways.Defaults(kind))
		}
		b := open(t, o)
		var counts []*cableCount
		var sessions []capture.Session
		for _, g := range b.lab.Gateways() {
			r, ok := b.lab.RecorderOf(g.MACs[0])
			if !ok {
				t.Fatalf("no recorder for %s", g.Name)
			}
			c := &cableCount{mac: g.MACs[0]}
			s, err := r.Start(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			counts, sessions = append(counts, c), append(sessions, s)
		}
		time.Sleep(10 * time.Minute)
		for i, s := range sessions {
			if _, err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if c := counts[i]; c.own == 0 || c.foreign > 0 {
				t.Errorf("the cable of %s carried %d frames of its own and %d of others", b.lab.Gateways()[i].Name, c.own, c.foreign)
			}
		}
		b.close()
		if _, err := simulator.New(simulator.LabOptions{Gateway: o.Gateway, More: []gateways.Options{o.Gateway}}); err == nil {
			t.Error("two gateways of one kind are accepted")
		}
	})
}
