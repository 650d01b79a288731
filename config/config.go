package config

import (
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// Config is the whole file.
type Config struct {
	// Lab names the bench in reports.
	Lab string `yaml:"lab" jsonschema:"description=Names the bench in reports."`
	// Runs is the folder that keeps one folder a run; relative to the file.
	Runs string `yaml:"runs" jsonschema:"description=Folder that keeps one folder a run; relative to this file."`
	// Keep says how much of each frame recordings hold: headers, records (the
	// default) or full.
	Keep traffic.Keep `yaml:"keep" jsonschema:"enum=headers,enum=records,enum=full,description=How much of each frame recordings hold."`
	// Bridge is the Hue bridge that carries out the commands.
	Bridge Bridge `yaml:"bridge" jsonschema:"required,description=The Hue bridge that carries out the commands."`
	// Light is the bridge's number of the bulb under test; `hueprint bridge
	// lights` lists them.
	Light string `yaml:"light" jsonschema:"required,description=The bridge's number of the bulb; 'hueprint bridge lights' lists them."`
	// Home lists local networks beside the private ones (RFC 1918, RFC 4193).
	Home []netip.Prefix `yaml:"home" jsonschema:"description=Local networks beside the private ones."`
	// Gateways are the devices under test.
	Gateways []Gateway `yaml:"gateways" jsonschema:"required,description=The devices under test."`
	// Experiments are what `hueprint run` can carry out.
	Experiments []Experiment `yaml:"experiments" jsonschema:"required,description=What 'hueprint run' can carry out."`
	// Serve is how `hueprint serve` runs.
	Serve Serve `yaml:"serve" jsonschema:"description=How 'hueprint serve' runs."`

	dir string
}

// Bridge says how to reach the bridge, and by what it is trusted.
type Bridge struct {
	// Address is a host or address, with https:// or http:// before it.
	Address string `yaml:"address" jsonschema:"required,description=https://HOST or http://HOST; newer bridges speak https only."`
	// KeyFile keeps the application key, written by `hueprint bridge pair` with
	// mode 0600; relative to the file.
	KeyFile string `yaml:"key_file" jsonschema:"description=File of the application key; written by 'hueprint bridge pair' with mode 0600."`
	// Roots is a PEM file with the certificate authority that vouches for the
	// bridge; without it the certificate seen at pairing is pinned.
	Roots string `yaml:"roots" jsonschema:"description=PEM file with the authority that vouches for the bridge; without it the certificate seen at pairing is pinned."`
}

// Gateway is one device under test.
type Gateway struct {
	// Name is how runs and reports call it.
	Name string `yaml:"name" jsonschema:"required,description=How runs and reports call it."`
	// Kind is free text for the report, such as smartthings or echo.
	Kind string `yaml:"kind" jsonschema:"description=Free text for the report such as smartthings or echo."`
	// Firmware is its software version, as its app shows it.
	Firmware string `yaml:"firmware" jsonschema:"description=Its software version as its app shows it."`
	// Interface is the network interface on which its traffic passes.
	Interface string `yaml:"interface" jsonschema:"required,description=Network interface on which its traffic passes."`
	// MACs and Addresses are all addresses it uses; at least one is needed.
	MACs      []traffic.MAC `yaml:"macs" jsonschema:"description=Ethernet addresses it uses."`
	Addresses []netip.Addr  `yaml:"addresses" jsonschema:"description=IP addresses it uses."`
	// Phones are the addresses of phones that run its app.
	Phones []netip.Addr `yaml:"phones" jsonschema:"description=Addresses of phones that run its app."`
	// Linked is the operator's word that the gateway controls the bulb.
	Linked bool `yaml:"linked" jsonschema:"description=Your word that the gateway controls the bulb."`
}

// Experiment is a design; what it leaves out comes from its preset.
type Experiment struct {
	// Name is what `hueprint run NAME` takes.
	Name string `yaml:"name" jsonschema:"required,description=What 'hueprint run NAME' takes."`
	// Preset is toggles (the default), paper or demo.
	Preset string `yaml:"preset" jsonschema:"enum=toggles,enum=paper,enum=demo,description=The design that supplies what is left out."`
	// Gateways names those to test; all when left out.
	Gateways []string `yaml:"gateways" jsonschema:"description=Names of the gateways to test; all when left out."`
	// Actions and Controls count slots with a command and slots without.
	Actions  *int `yaml:"actions" jsonschema:"minimum=1,description=Slots in which a command is sent."`
	Controls *int `yaml:"controls" jsonschema:"minimum=1,description=Slots in which everything but the command happens."`
	// Spacing, Jitter, Window and Settle are as in experiments.Experiment.
	Spacing *time.Duration `yaml:"spacing" jsonschema:"type=string,description=Mean time from slot to slot such as 30s."`
	Jitter  *time.Duration `yaml:"jitter" jsonschema:"type=string,description=Largest deviation from spacing; less than half of it."`
	Window  *time.Duration `yaml:"window" jsonschema:"type=string,description=Time after a slot in which a reaction counts."`
	Settle  *time.Duration `yaml:"settle" jsonschema:"type=string,description=Quiet time recorded before the first and after the last slot."`
	// Directions is alternate or random.
	Directions string `yaml:"directions" jsonschema:"enum=alternate,enum=random,description=Turn the light to its other state each time or toss a coin."`
	// Run is separate or together.
	Run string `yaml:"run" jsonschema:"enum=separate,enum=together,description=One run a gateway or one for all."`
	// Alpha is the level at which a mark counts as shown.
	Alpha *float64 `yaml:"alpha" jsonschema:"description=Level at which a mark counts as shown."`
	// Until is all (the default: every slot) or decided: the run looks at what it
	// has after the numbers of slots in Looks, and ends at once when a mark is
	// shown. Without Looks they are a quarter, a half and all of the slots.
	Until string `yaml:"until" jsonschema:"enum=all,enum=decided,description=Go through all slots or end at a look at which a mark is shown."`
	Looks []int  `yaml:"looks" jsonschema:"description=Numbers of slots after which a run until decided looks; the last is all slots."`
}

// untilAll and untilDecided are the values of Experiment.Until.
const untilAll, untilDecided = "all", "decided"

// DefaultRuns is where runs are kept when no configuration says otherwise.
const DefaultRuns = "lab/runs"

const defaultKeyFile = "lab/bridge-key.json"

// design merges the experiment over its preset.
func (c Config) design(e Experiment) experiments.Experiment {
	name := e.Preset
	if name == "" {
		name = "toggles"
	}
	d, _ := experiments.Preset(name)
	d.Name, d.Light, d.Gateways = e.Name, c.Light, e.Gateways
	if len(d.Gateways) == 0 {
		for _, g := range c.Gateways {
			d.Gateways = append(d.Gateways, g.Name)
		}
	}
	set(&d.Actions, e.Actions)
	set(&d.Controls, e.Controls)
	set(&d.Spacing, e.Spacing)
	set(&d.Jitter, e.Jitter)
	set(&d.Window, e.Window)
	set(&d.Settle, e.Settle)
	set(&d.Alpha, e.Alpha)
	if e.Directions != "" {
		d.Directions = experiments.Directions(e.Directions)
	}
	if e.Run != "" {
		d.Grouping = experiments.Grouping(e.Run)
	}
	if d.Looks = e.Looks; e.Until == untilDecided && len(e.Looks) == 0 {
		d.Looks = d.DerivedLooks()
	}
	return d
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Experiment returns the design of that name, merged over its preset.
func (c Config) Experiment(name string) (experiments.Experiment, bool) {
	for _, e := range c.Experiments {
		if e.Name == name {
			return c.design(e), true
		}
	}
	return experiments.Experiment{}, false
}

// ExperimentNames lists the experiments in the order of the file.
func (c Config) ExperimentNames() []string {
	var names []string
	for _, e := range c.Experiments {
		names = append(names, e.Name)
	}
	return names
}

// Gateway returns the device of that name as the run will know it. bridge are
// the bridge's addresses, for telling local talk with it apart.
func (c Config) Gateway(name string, bridge ...netip.Addr) (experiments.Gateway, bool) {
	for _, g := range c.Gateways {
		if g.Name != name {
			continue
		}
		return experiments.Gateway{
			Addresses: traffic.Gateway{Name: g.Name, MACs: g.MACs, Addrs: g.Addresses},
			Kind:      experiments.Kind(g.Kind), Firmware: g.Firmware, Interface: g.Interface, LinkStated: g.Linked,
			Peers: traffic.Peers{Bridge: bridge, Phones: g.Phones, Home: c.Home},
		}, true
	}
	return experiments.Gateway{}, false
}
