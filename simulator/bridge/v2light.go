package bridge

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
)

// v2 is the bulb as API v2 shows it.
func (l *light) v2() map[string]any {
	s := l.cache
	return map[string]any{
		"id": l.uuids.light, "id_v1": "/lights/" + l.id, "type": "light", "owner": reference(l.uuids.device, "device"),
		"metadata": map[string]any{"name": l.name, "archetype": "sultan_bulb"},
		"on":       map[string]any{"on": s.On},
		"dimming":  map[string]any{"brightness": percent(s.Bri), "min_dim_level": 0.2},
		"color_temperature": map[string]any{
			"mirek": mirek(s), "mirek_valid": s.ColorMode == "ct",
			"mirek_schema": map[string]any{"mirek_minimum": 153, "mirek_maximum": 500},
		},
		"color": map[string]any{
			"xy": point(s.XY[0], s.XY[1]), "gamut_type": "C",
			"gamut": map[string]any{"red": point(0.6915, 0.3083), "green": point(0.17, 0.7), "blue": point(0.1532, 0.0475)},
		},
		"dimming_delta": map[string]any{}, "color_temperature_delta": map[string]any{}, "identify": map[string]any{},
		"dynamics": map[string]any{
			"status": "none", "status_values": []string{"none", "dynamic_palette"}, "speed": 0.0, "speed_valid": false,
		},
		"alert":   map[string]any{"action_values": []string{"breathe"}},
		"effects": map[string]any{"status": "no_effect", "status_values": effects(), "effect_values": effects()},
		"mode":    "normal",
		"powerup": map[string]any{
			"preset": "safety", "configured": true, "on": map[string]any{"mode": "on", "on": map[string]any{"on": true}},
			"dimming": map[string]any{"mode": "dimming", "dimming": map[string]any{"brightness": 100.0}},
			"color":   map[string]any{"mode": "color_temperature", "color_temperature": map[string]any{"mirek": 366}},
		},
	}
}

func effects() []string { return []string{"no_effect", "candle", "fire"} }

func point(x, y float64) map[string]any { return map[string]any{"x": x, "y": y} }

func mirek(s LightState) any {
	if s.ColorMode != "ct" {
		return nil
	}
	return s.CT
}

func (l *light) deviceV2() map[string]any {
	return map[string]any{
		"id": l.uuids.device, "id_v1": "/lights/" + l.id, "type": "device",
		"product_data": product("LCT015", "Hue color lamp", "sultan_bulb", "1.88.1"),
		"metadata":     map[string]any{"name": l.name, "archetype": "sultan_bulb"},
		"services":     []map[string]any{reference(l.uuids.light, "light"), reference(l.uuids.zigbee, "zigbee_connectivity")},
		"identify":     map[string]any{},
	}
}

func (l *light) zigbeeV2() map[string]any {
	return map[string]any{
		"id": l.uuids.zigbee, "id_v1": "/lights/" + l.id, "type": "zigbee_connectivity",
		"owner": reference(l.uuids.device, "device"), "status": connectivity(l.cache), "mac_address": l.mac,
	}
}

// changedV2 are the properties of API v2 in which two states of a bulb differ.
func changedV2(before, now LightState) map[string]any {
	changed := map[string]any{}
	if before.On != now.On {
		changed["on"] = map[string]any{"on": now.On}
	}
	if before.Bri != now.Bri {
		changed["dimming"] = map[string]any{"brightness": percent(now.Bri)}
	}
	if before.CT != now.CT || before.ColorMode != now.ColorMode {
		changed["color_temperature"] = map[string]any{"mirek": mirek(now), "mirek_valid": now.ColorMode == "ct"}
	}
	if before.XY != now.XY {
		changed["color"] = map[string]any{"xy": point(now.XY[0], now.XY[1])}
	}
	return changed
}

// putV2 carries out a PUT of API v2. The caller holds the lock.
func (b *Bridge) putV2(c call, kind, id string, fault Fault) answer {
	lights := b.targets(kind, id)
	if len(lights) == 0 {
		if b.listV2(kind, id).status == http.StatusOK {
			return refusedV2(http.StatusMethodNotAllowed, "Method Not Allowed")
		}
		return refusedV2(http.StatusNotFound, "Not Found")
	}
	order, err := readV2(c.body)
	if err != nil {
		return refusedV2(http.StatusBadRequest, err.Error())
	}
	var doubts []described
	var addressed []string
	for _, l := range lights {
		next, off := order.apply(l.cache)
		doubts = append(doubts, order.doubts(off, fault == FaultUnreachable)...)
		b.operate(l, next, outcomeUnder(fault))
		if order.Metadata.Name != "" {
			l.name = order.Metadata.Name
		}
		addressed = append(addressed, l.id)
	}
	b.announceLater(lights...)
	status := http.StatusOK
	if len(doubts) > 0 {
		status = http.StatusMultiStatus
	}
	return dataAnswer(status, []map[string]any{reference(id, kind)}, doubts, addressed...)
}

// targets are the bulbs that a resource stands for.
func (b *Bridge) targets(kind, id string) []*light {
	switch kind {
	case "light":
		for _, l := range b.lights {
			if l.uuids.light == id {
				return []*light{l}
			}
		}
	case "grouped_light":
		if slices.ContainsFunc(b.groupedLights(), func(g resource) bool { return g.id == id }) {
			return b.lights
		}
	}
	return nil
}

// An orderV2 is the body of a PUT on a light. Properties that only decide how
// the change looks (dynamics, alert, effects, powerup, identify, …) are accepted and do nothing here.
type orderV2 struct {
	On *struct {
		On *bool `json:"on"`
	} `json:"on"`
	Dimming *struct {
		Brightness *float64 `json:"brightness"`
	} `json:"dimming"`
	ColorTemperature *struct {
		Mirek *int `json:"mirek"`
	} `json:"color_temperature"`
	Color *struct {
		XY *struct{ X, Y float64 } `json:"xy"`
	} `json:"color"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
}

func readV2(body []byte) (orderV2, error) {
	var fields map[string]json.RawMessage
	var order orderV2
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return order, fmt.Errorf("body is not a valid json object")
	}
	for _, property := range sortedKeys(fields) {
		if !slices.Contains(propertiesV2(), property) {
			return order, fmt.Errorf("invalid request: unknown property (.%s)", property)
		}
	}
	if err := json.Unmarshal(body, &order); err != nil {
		return order, fmt.Errorf("invalid request: %v", err)
	}
	return order, order.check()
}

func propertiesV2() []string {
	return []string{
		"type", "on", "dimming", "dimming_delta", "color_temperature", "color_temperature_delta", "color",
		"dynamics", "alert", "effects", "effects_v2", "timed_effects", "gradient", "signaling", "powerup", "metadata", "identify", "mode",
	}
}

// check refuses missing and impossible values.
func (o orderV2) check() error {
	switch {
	case o.On != nil && o.On.On == nil:
		return fmt.Errorf("invalid request: missing property (.on.on)")
	case o.Dimming != nil && (o.Dimming.Brightness == nil || *o.Dimming.Brightness < 0 || *o.Dimming.Brightness > 100):
		return fmt.Errorf("invalid value (.dimming.brightness)")
	case o.ColorTemperature != nil && (o.ColorTemperature.Mirek == nil || *o.ColorTemperature.Mirek < 153 || *o.ColorTemperature.Mirek > 500):
		return fmt.Errorf("invalid value (.color_temperature.mirek)")
	case o.Color != nil && (o.Color.XY == nil || min(o.Color.XY.X, o.Color.XY.Y) < 0 || max(o.Color.XY.X, o.Color.XY.Y) > 1):
		return fmt.Errorf("invalid value (.color.xy)")
	case len(o.Metadata.Name) > 32:
		return fmt.Errorf("invalid value (.metadata.name)")
	}
	return nil
}

// apply is the state that the order leads to. Off says that a bulb that is off
// was told more than to stay so.
func (o orderV2) apply(s LightState) (next LightState, off bool) {
	if o.On != nil {
		s.On = *o.On.On
	}
	if !s.On {
		return s, o.Dimming != nil || o.ColorTemperature != nil || o.Color != nil
	}
	if o.Dimming != nil {
		s.Bri = max(int(math.Round(*o.Dimming.Brightness*254/100)), 1)
	}
	if o.ColorTemperature != nil {
		s.CT, s.ColorMode = *o.ColorTemperature.Mirek, "ct"
	}
	if o.Color != nil {
		s.XY, s.ColorMode = [2]float64{o.Color.XY.X, o.Color.XY.Y}, "xy"
	}
	return s, false
}

// doubts are the errors that come with status 207: the command was sent, and
// may do nothing.
func (o orderV2) doubts(off, unpowered bool) []described {
	var out []described
	for _, part := range []struct {
		given   bool
		name    string
		needsOn bool
	}{
		{o.On != nil, ".on.on", false},
		{o.Dimming != nil, ".dimming.brightness", true},
		{o.ColorTemperature != nil, ".color_temperature.mirek", true},
		{o.Color != nil, ".color.xy", true},
	} {
		switch {
		case !part.given:
		case unpowered:
			out = append(out, described{fmt.Sprintf("device (light) has communication issues, command (%s) may not have effect", part.name)})
		case off && part.needsOn:
			out = append(out, described{fmt.Sprintf("device (light) is \"soft off\", command (%s) may not have effect", part.name)})
		}
	}
	return out
}
