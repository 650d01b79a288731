package bridge

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// LightState is the state of a bulb in the terms of API v1.
type LightState struct {
	On        bool       `json:"on"`
	Bri       int        `json:"bri"` // brightness, 1 to 254
	Hue       int        `json:"hue"` // 0 to 65535
	Sat       int        `json:"sat"` // 0 to 254
	Effect    string     `json:"effect"`
	XY        [2]float64 `json:"xy"` // CIE 1931
	CT        int        `json:"ct"` // colour temperature in mired, 153 to 500
	Alert     string     `json:"alert"`
	ColorMode string     `json:"colormode"` // "hs", "xy" or "ct"
	Mode      string     `json:"mode"`
	Reachable bool       `json:"reachable"` // whether the bulb answered the last poll
}

// A light is one bulb and what the bridge believes about it.
type light struct {
	id        string // v1 number
	index     int
	name      string
	bulb      LightState // the bulb itself
	cache     LightState // the bridge's belief
	announced LightState // what the event stream was last told
	uuids     lightUUIDs
	mac       string
}

// lightUUIDs are the v2 identities of one bulb.
type lightUUIDs struct{ light, device, zigbee string }

func newLight(bridge string, index int, name string) *light {
	state := LightState{
		Bri: 254, Hue: 8418, Sat: 140, Effect: "none", XY: [2]float64{0.4573, 0.41}, CT: 366,
		Alert: "select", ColorMode: "ct", Mode: "homeautomation", Reachable: true,
	}
	id := strconv.Itoa(index)
	tail := digest(0, bridge+" light "+id)
	return &light{
		id: id, index: index, name: name, bulb: state, cache: state, announced: state,
		uuids: lightUUIDs{
			light:  uuid(bridge, "light "+id),
			device: uuid(bridge, "device "+id),
			zigbee: uuid(bridge, "zigbee "+id),
		},
		mac: fmt.Sprintf("00:17:88:01:%02x:%02x:%02x:%02x", tail[0], tail[1], tail[2], tail[3]),
	}
}

// uuid is the same for the same bridge and subject, in every run.
func uuid(bridge, subject string) string {
	raw := digest(0, bridge+" uuid "+subject)[:16]
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	s := hex.EncodeToString(raw)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// outcome says what becomes of a command that the bridge accepted.
type outcome int

const (
	carried   outcome = iota // the bulb follows
	lost                     // neither bulb nor belief change
	predicted                // the belief changes until the next poll, the bulb does not
	unpowered                // the belief changes, the bulb is without power
)

// pollAfter is when the bridge next asks a bulb for its state after a command.
const pollAfter = 2 * time.Second

// operate carries out one accepted command on one bulb. The caller holds the
// lock, and announces the bulb afterwards.
func (b *Bridge) operate(l *light, next LightState, what outcome) {
	next.Reachable = l.cache.Reachable
	switch what {
	case carried:
		l.cache, l.bulb = next, next
	case unpowered:
		l.cache = next
	case predicted:
		l.cache = next
		b.alarms.after(pollAfter, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.poll(l)
			b.announceLater(l)
		})
	}
}

// poll asks the bulb for its state, as the bridge does now and then. The caller
// holds the lock, and announces the bulb afterwards.
func (b *Bridge) poll(l *light) {
	powered := b.fault.Name() != FaultUnreachable
	if powered {
		l.cache = l.bulb
	}
	l.cache.Reachable, l.bulb.Reachable = powered, powered
}

// announceLater tells the event stream what has changed, a moment from now. The caller holds the lock.
func (b *Bridge) announceLater(lights ...*light) {
	changed := func(l *light) bool { return l.cache != l.announced }
	if !slices.ContainsFunc(lights, changed) {
		return
	}
	b.alarms.after(b.draw(b.latency.EventMin, b.latency.EventMax), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.announce(lights)
	})
}

// announce tells the event stream the difference to what it was told before:
// only real changes make events. What a bulb without power was told is no such
// change. The caller holds the lock.
func (b *Bridge) announce(lights []*light) {
	var changes []change
	for _, l := range lights {
		changes = append(changes, l.news()...)
	}
	if on := b.anyAnnouncedOn(); on != b.groupOn {
		b.groupOn = on
		for _, g := range b.groupedLights() {
			changes = append(changes, change{g, map[string]any{"on": map[string]any{"on": on}}})
		}
	}
	b.stream.publish(changes)
}

// news is what the event stream has not been told about a bulb.
func (l *light) news() []change {
	var out []change
	before, now := l.announced, l.cache
	if !now.Reachable {
		now = before
		now.Reachable = false
	}
	l.announced = now
	if changed := changedV2(before, now); len(changed) > 0 {
		out = append(out, change{resource{l.uuids.light, "light", "/lights/" + l.id, l.uuids.device, "device"}, changed})
	}
	if before.Reachable != now.Reachable {
		r := resource{l.uuids.zigbee, "zigbee_connectivity", "/lights/" + l.id, l.uuids.device, "device"}
		out = append(out, change{r, map[string]any{"status": connectivity(now)}})
	}
	return out
}

func (b *Bridge) anyAnnouncedOn() bool {
	return slices.ContainsFunc(b.lights, func(l *light) bool { return l.announced.On })
}

func (b *Bridge) anyOn() bool {
	return slices.ContainsFunc(b.lights, func(l *light) bool { return l.cache.On })
}

func (b *Bridge) allOn() bool {
	return !slices.ContainsFunc(b.lights, func(l *light) bool { return !l.cache.On })
}
