package bridge

import "net/http"

// The bridge has two groups: 0 is all bulbs and is not listed; 1 is the room that they stand in.

// v1Groups answers for /groups and what is below it. The caller holds the lock.
func (b *Bridge) v1Groups(c call, rest []string, address string, fault Fault) answer {
	switch {
	case len(rest) == 0 && c.method == http.MethodGet:
		return jsonAnswer(http.StatusOK, b.groupsV1())
	case len(rest) == 0:
		return notAllowed(c, address)
	case rest[0] != "0" && rest[0] != "1":
		return notAvailable(address)
	case len(rest) == 1 && c.method == http.MethodGet:
		return jsonAnswer(http.StatusOK, b.groupV1(rest[0]))
	case len(rest) == 1 && c.method == http.MethodPut:
		return b.renameGroup(c, rest[0], address)
	case len(rest) == 1:
		return notAllowed(c, address)
	case len(rest) == 2 && rest[1] == "action" && c.method == http.MethodPut:
		return b.v1State(c, b.lights, b.action(), address, fault)
	case len(rest) == 2 && rest[1] == "action":
		return notAllowed(c, address)
	default:
		return notAvailable(address)
	}
}

func (b *Bridge) renameGroup(c call, id, address string) answer {
	readOnly := []string{"lights", "sensors", "type", "class", "state", "action", "recycle"}
	if id == "0" {
		return rename(c, address, readOnly, nil)
	}
	return rename(c, address, readOnly, func(name string) { b.room = name })
}

func (b *Bridge) groupsV1() map[string]any {
	return map[string]any{"1": b.groupV1("1")}
}

func (b *Bridge) groupV1(id string) map[string]any {
	var members []string
	for _, l := range b.lights {
		members = append(members, l.id)
	}
	group := map[string]any{
		"name": b.room, "lights": members, "sensors": []string{}, "type": "Room", "class": "Other", "recycle": false,
		"state":  map[string]any{"all_on": b.allOn(), "any_on": b.anyOn()},
		"action": actionV1(b.action()),
	}
	if id == "0" {
		group["name"], group["type"] = "Group 0", "LightGroup"
		delete(group, "class")
	}
	return group
}

// action is the state that a group shows: that of its first bulb, on if any is.
func (b *Bridge) action() LightState {
	s := b.lights[0].cache
	s.On = b.anyOn()
	return s
}

func actionV1(s LightState) map[string]any {
	return map[string]any{
		"on": s.On, "bri": s.Bri, "hue": s.Hue, "sat": s.Sat, "effect": s.Effect,
		"xy": s.XY, "ct": s.CT, "alert": s.Alert, "colormode": s.ColorMode,
	}
}
