package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/experiments"
)

// check reports what each value cannot say of itself: what is missing, refers
// to nothing, or does not go together.
func (d *decoder) check(c Config) {
	d.checkBridge(c.Bridge)
	if c.Light == "" {
		d.lacking("light", "light is missing: the number of the bulb, as 'hueprint bridge lights' lists it")
	}
	if c.Runs == "" {
		d.wrong("runs", "runs must name a folder")
	}
	if len(c.Gateways) == 0 {
		d.lacking("gateways", "gateways is empty: name at least one device under test")
	}
	if len(c.Experiments) == 0 {
		d.lacking("experiments", "experiments is empty: name at least one, for example with preset: toggles")
	}
	for i, g := range c.Gateways {
		d.checkGateway(fmt.Sprintf("gateways[%d]", i), g, c.Gateways[:i])
	}
	for i, e := range c.Experiments {
		d.checkExperiment(fmt.Sprintf("experiments[%d]", i), c, e, c.Experiments[:i])
	}
	d.checkServe(c.Serve)
}

// wrong reports a mistake at the value of path, or, where it is not in the
// file, at the nearest block around it. A value that could not even be read has
// its mistake already.
func (d *decoder) wrong(path, format string, args ...any) {
	if p, ok := d.places[path]; ok && slices.ContainsFunc(d.mistakes, func(m Mistake) bool { return place{m.Line, m.Column} == p }) {
		return
	}
	for {
		if p, ok := d.places[path]; ok {
			d.at(p, format, args...)
			return
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			d.at(place{1, 1}, format, args...)
			return
		}
		path = path[:cut]
	}
}

// lacking reports what a bench that is not yet set up does not have.
func (d *decoder) lacking(path, format string, args ...any) {
	before := len(d.mistakes)
	d.wrong(path, format, args...)
	for i := range d.mistakes[before:] {
		d.mistakes[before+i].Incomplete = true
	}
}

func (d *decoder) checkBridge(b Bridge) {
	const hint = "write https:// or http:// and the bridge's address, such as https://192.168.1.2; 'hueprint bridge discover' finds it"
	if b.Address == "" {
		d.lacking("bridge.address", "bridge.address is missing: %s", hint)
		return
	}
	u, err := url.Parse(b.Address)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		d.wrong("bridge.address", "bridge.address %q is not an address: %s", b.Address, hint)
	case u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "":
		d.wrong("bridge.address", "bridge.address must end after the host: keys and paths do not belong into it")
	}
}

// safeName keeps names usable in file names, terminals and tables.
var safeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (d *decoder) checkName(path, name string) {
	switch {
	case name == "":
		d.wrong(path, "%s is missing", path)
	case !safeName.MatchString(name):
		d.wrong(path, "%s %q must be 1 to 64 letters, digits, dots, dashes or underscores", path, name)
	}
}

func (d *decoder) checkGateway(path string, g Gateway, before []Gateway) {
	d.checkName(path+".name", g.Name)
	if slices.ContainsFunc(before, func(o Gateway) bool { return o.Name == g.Name }) && g.Name != "" {
		d.wrong(path+".name", "a gateway named %q stands above", g.Name)
	}
	if g.Interface == "" {
		d.wrong(path+".interface", "%s.interface is missing: 'hueprint doctor' lists the interfaces", path)
	}
	if len(g.MACs) == 0 && len(g.Addresses) == 0 {
		d.wrong(path, "%s has neither macs nor addresses: its packets could not be told from others'", path)
	}
	for i, m := range g.MACs {
		if m.IsGroup() {
			d.wrong(fmt.Sprintf("%s.macs[%d]", path, i), "%v is a group address, nobody's own", m)
		}
	}
	for _, o := range before {
		for i, a := range g.Addresses {
			if slices.Contains(o.Addresses, a) {
				d.wrong(fmt.Sprintf("%s.addresses[%d]", path, i), "%v is also an address of gateway %q", a, o.Name)
			}
		}
		for i, m := range g.MACs {
			if slices.Contains(o.MACs, m) {
				d.wrong(fmt.Sprintf("%s.macs[%d]", path, i), "%v is also an address of gateway %q", m, o.Name)
			}
		}
	}
}

func (d *decoder) checkExperiment(path string, c Config, e Experiment, before []Experiment) {
	d.checkName(path+".name", e.Name)
	if slices.ContainsFunc(before, func(o Experiment) bool { return o.Name == e.Name }) && e.Name != "" {
		d.wrong(path+".name", "an experiment named %q stands above", e.Name)
	}
	if _, ok := experiments.Preset(e.Preset); !ok && e.Preset != "" {
		d.wrong(path+".preset", "preset %q is unknown: toggles, paper and demo exist", e.Preset)
		return
	}
	for i, name := range e.Gateways {
		if !slices.ContainsFunc(c.Gateways, func(g Gateway) bool { return g.Name == name }) {
			d.wrong(fmt.Sprintf("%s.gateways[%d]", path, i), "no gateway is named %q", name)
		}
	}
	d.checkUntil(path, e, c.design(e))
	if err := c.design(e).Validate(); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			field, _, _ := strings.Cut(line, " ")
			d.wrong(path+"."+field, "%s", line)
		}
	}
}

// checkUntil checks what only the file can get wrong about looks.
func (d *decoder) checkUntil(path string, e Experiment, design experiments.Experiment) {
	switch {
	case e.Until != "" && e.Until != untilAll && e.Until != untilDecided:
		d.wrong(path+".until", "until %q is neither all nor decided", e.Until)
	case e.Until != untilDecided && len(e.Looks) > 0:
		d.wrong(path+".looks", "looks are for runs that may end early: write until: decided beside them, or leave them out")
	case e.Until == untilDecided && len(design.Looks) == 0:
		d.wrong(path+".until", "until: decided: %d + %d slots are too few to look before the end at alpha %v: plan more (actions: 40 and controls: 80 have looks after 30, 60 and 120 slots), or name looks", design.Actions, design.Controls, design.Alpha)
	}
}
