package labtest

import (
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/traffic"
)

// configuration is the file of a full bench.
const configuration = `lab: Bench 1
runs: lab/runs
bridge:
  address: http://192.168.1.2
  key_file: lab/bridge-key.json
light: "1"
gateways:
  - name: aeotec
    kind: smartthings
    firmware: "0.54.10"
    interface: sim0
    macs: ["24:fd:5b:00:00:01"]
    addresses: [192.168.1.20]
    linked: true
  - name: echo
    kind: echo
    interface: sim1
    macs: ["24:fd:5b:00:00:02"]
    addresses: [192.168.1.21]
    linked: true
  - name: nest
    kind: nest
    interface: sim2
    macs: ["24:fd:5b:00:00:03"]
    addresses: [192.168.1.22]
    linked: true
  - name: home-assistant
    kind: home-assistant
    interface: sim3
    macs: ["24:fd:5b:00:00:04"]
    addresses: [192.168.1.23]
    linked: true
experiments:
  - name: ten-toggles
    preset: toggles # the default
  - name: paper
    preset: paper
  - name: quick
    preset: demo
    gateways: [aeotec]
`

func emptyBench(hub *live.Hub) *Bench {
	bulb := lab.Light{ID: "1", Name: "Bench bulb", Model: "LCA001", Reachable: true, Read: Noon(), State: experiments.LightState{On: true, Brightness: 254}}
	return &Bench{hub: hub, now: Contents{
		State: lab.State{At: Noon(), Lab: "Lab", Version: "test", Simulated: true, Zone: "Europe/Prague",
			Missing: []string{"Pair the bridge.", "Choose the light.", "Add a gateway.", "Write an experiment."},
			Light:   lab.Light{Trouble: "no bridge is paired"},
			Disk:    lab.Disk{Free: 400 << 30, Budget: 100 << 30}},
		Bridges: []lab.Bridge{{Address: "http://127.0.0.1:8080", ID: "001788fffe0000aa", Model: "BSB002", Name: "Simulated bridge"}},
		Lights:  []lab.Light{bulb, {ID: "2", Name: "Corridor", Model: "LWA001", Trouble: "does not answer the bridge"}},
		Interfaces: []lab.Interface{{Name: "sim0", Up: true, Addresses: []string{"192.168.1.1/24"}, Recordable: true},
			{Name: "eth1", Up: false, Trouble: "give the program the right to capture: sudo setcap cap_net_raw+ep hueprint"}},
		Hosts: hosts(), Checks: checks(),
		File: lab.Configuration{Path: "hueprint.yaml", Revision: "1"},
	}}
}

func hosts() []lab.Host {
	return []lab.Host{
		{MAC: traffic.MAC{0x24, 0xfd, 0x5b, 0, 0, 1}, Vendor: "SmartThings, Inc.", Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.20")},
			Names: []string{"hub-4711.local"}, Packets: 812, Guess: "smartthings"},
		{MAC: traffic.MAC{0, 0x17, 0x88, 0, 0, 0xaa}, Vendor: "Philips Lighting BV", Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.2")}, Packets: 120, Bridge: true},
		{MAC: traffic.MAC{2, 0, 0, 0, 0, 9}, Names: []string{`<b>rude</b>`}, Packets: 3},
	}
}

func checks() []lab.Check {
	return []lab.Check{{Name: "configuration", OK: true, Found: "4 gateways, 3 experiments"}, {Name: "bridge", OK: true, Found: "BSB002 answers in 4 ms"},
		{Name: "clock", OK: false, Found: "not synchronised", Do: "start chrony or systemd-timesyncd"}}
}

// fullContents is a bench in use, with nothing going on.
func fullContents() Contents {
	c := emptyBench(nil).now
	c.Paired, c.Pressed = c.Bridges[0], true
	c.File.Text = configuration
	parsed, err := config.Parse([]byte(configuration), "hueprint.yaml", "")
	if err != nil {
		panic(err) // the text above is a constant
	}
	c.Gateways = parsed.Gateways
	for _, g := range parsed.Gateways {
		c.State.Gateways = append(c.State.Gateways, lab.Gateway{Name: g.Name, Kind: g.Kind, Firmware: g.Firmware, Interface: g.Interface,
			Heard: Noon().Add(-2 * time.Second), Watched: true})
	}
	c.State.Lab, c.State.Missing, c.State.Light = "Bench 1", nil, c.Lights[0]
	c.State.Experiments = parsed.ExperimentNames()
	c.State.Next = []lab.Upcoming{
		{Schedule: "nightly", Name: "Every night", Task: store.Task{Experiment: "ten-toggles"}, At: Noon().Add(14 * time.Hour)},
		{Schedule: "weekend", Name: "Idle weekend", Task: store.Task{Idle: 24 * time.Hour, Gateways: []string{"nest"}}, At: Noon().Add(60 * time.Hour)}}
	c.State.Disk.Used = 21 << 30
	c.State.Troubles = []string{"The clock is not synchronised (start chrony or systemd-timesyncd)."}
	return c
}
