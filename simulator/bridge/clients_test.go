package bridge_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/bridge/bridgetest"
)

// seen is what the scripts of the independent clients print.
type seen struct {
	Bridge, Model, Key, Clientkey string
	Authenticated                 bool
	Lights                        []struct{ ID, Name, Type string }
	States                        []struct {
		On, Reachable bool
		Bri           int
	}
	Groups, Users, Room int
	Sections            []string
}

// Clients that know nothing of us pair, list the lights, switch, dim and read the configuration.
func TestIndependentClients(t *testing.T) {
	for name, bri := range map[string][]int{
		"node-hue-api": {100, 127, 127, 127}, // its brightness is in percent
		"huejay":       {100, 127, 127, 127},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, bridge.Options{ID: "001788fffeabcdef", Latency: bridge.Latency{AnswerMax: 30 * time.Millisecond}})
			b.PressLinkButton()
			host, port, _ := net.SplitHostPort(strings.TrimPrefix(b.plain, "http://"))
			got := decode[seen](t, string(bridgetest.Run(t, name+".js", host, port)))
			if !strings.EqualFold(got.Bridge, b.ID()) || got.Model != "BSB002" || len(got.Key) != 40 || got.Groups == 0 {
				t.Errorf("configuration: %+v", got)
			}
			if len(got.Lights) != 1 || got.Lights[0].Name != "Bench bulb" {
				t.Errorf("lights: %+v", got.Lights)
			}
			for i, on := range []bool{true, true, false, true} {
				if s := got.States[i]; s.On != on || s.Bri != bri[i] || !s.Reachable {
					t.Errorf("state %d: %+v, want on %v and brightness %d", i, s, on, bri[i])
				}
			}
		})
	}
}

func TestReadLight(t *testing.T) {
	b := start(t, bridge.Options{})
	b.TouchLight("1", func(s *bridge.LightState) { s.On, s.Bri, s.CT = true, 33, 200 })
	if got := bridgetest.ReadLight(t, strings.TrimPrefix(b.plain, "http://"), testKey, "1"); got != b.State("1") {
		t.Errorf("read %+v, the bulb shows %+v", got, b.State("1"))
	}
}
