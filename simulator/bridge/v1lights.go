package bridge

import (
	"fmt"
	"net/http"
)

// v1Lights answers for /lights and what is below it. The caller holds the lock.
func (b *Bridge) v1Lights(c call, rest []string, address string, fault Fault) answer {
	switch {
	case len(rest) == 0:
		return b.v1AllLights(c, address)
	case len(rest) == 1 && rest[0] == "new" && c.method == http.MethodGet:
		return jsonAnswer(http.StatusOK, map[string]any{"lastscan": "none"})
	}
	l := b.light(rest[0])
	switch {
	case l == nil:
		return notAvailable(address)
	case len(rest) == 1:
		return b.v1OneLight(c, l, address)
	case len(rest) == 2 && rest[1] == "state" && c.method == http.MethodPut:
		return b.v1State(c, []*light{l}, l.cache, address, fault)
	case len(rest) == 2 && rest[1] == "state":
		return notAllowed(c, address)
	default:
		return notAvailable(address)
	}
}

func (b *Bridge) v1AllLights(c call, address string) answer {
	switch c.method {
	case http.MethodGet:
		return jsonAnswer(http.StatusOK, b.lightsV1())
	case http.MethodPost:
		return replies(succeed("/lights", "Searching for new devices"))
	default:
		return notAllowed(c, address)
	}
}

func (b *Bridge) v1OneLight(c call, l *light, address string) answer {
	switch c.method {
	case http.MethodGet:
		return jsonAnswer(http.StatusOK, l.v1())
	case http.MethodPut:
		readOnly := []string{"type", "modelid", "uniqueid", "swversion", "manufacturername", "state"}
		return rename(c, address, readOnly, func(name string) { l.name = name })
	default:
		return notAllowed(c, address)
	}
}

// v1State carries out a PUT on the state of one bulb or of a group of them.
// The caller holds the lock.
func (b *Bridge) v1State(c call, lights []*light, now LightState, address string, fault Fault) answer {
	fields, bad := object(c, address)
	if bad != nil {
		return *bad
	}
	_, out := commandV1(now, fields, address)
	var addressed []string
	for _, l := range lights {
		next, _ := commandV1(l.cache, fields, "")
		// The bridge sends a command even if it believes that nothing would change.
		b.operate(l, next, outcomeUnder(fault))
		addressed = append(addressed, l.id)
	}
	b.announceLater(lights...)
	return jsonAnswer(http.StatusOK, distort(out, fault), addressed...)
}

// outcomeUnder says what becomes of an accepted command under a fault.
func outcomeUnder(f Fault) outcome {
	switch f {
	case FaultDropped:
		return lost
	case FaultRevert:
		return predicted
	case FaultUnreachable:
		return unpowered
	default:
		return carried
	}
}

// distort shows those faults in which the answer to a command of API v1 lies.
func distort(out []reply, f Fault) any {
	switch f {
	case FaultNotModifiable:
		for i, r := range out {
			if done, ok := r.Success.(map[string]any); ok {
				for address := range done {
					out[i] = fail(201, address, "parameter, %s, is not modifiable. Device is set to off.", lastPart(address))
				}
				break
			}
		}
	case FaultStringType:
		return []any{map[string]any{"error": map[string]any{
			"type": "901", "address": "/", "description": "Internal error, 404",
		}}}
	}
	return out
}

func lastPart(address string) string {
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == '/' {
			return address[i+1:]
		}
	}
	return address
}

func (b *Bridge) lightsV1() map[string]any {
	all := map[string]any{}
	for _, l := range b.lights {
		all[l.id] = l.v1()
	}
	return all
}

// v1 is the bulb as API v1 shows it: a colour bulb of the third generation.
func (l *light) v1() map[string]any {
	return map[string]any{
		"state":            l.cache,
		"swupdate":         map[string]any{"state": "noupdates", "lastinstall": "2021-05-04T13:21:04"},
		"type":             "Extended color light",
		"name":             l.name,
		"modelid":          "LCT015",
		"manufacturername": "Signify Netherlands B.V.",
		"productname":      "Hue color lamp",
		"capabilities": map[string]any{
			"certified": true,
			"control": map[string]any{
				"mindimlevel": 1000, "maxlumen": 806, "colorgamuttype": "C",
				"colorgamut": [][2]float64{{0.6915, 0.3083}, {0.17, 0.7}, {0.1532, 0.0475}},
				"ct":         map[string]any{"min": 153, "max": 500},
			},
			"streaming": map[string]any{"renderer": true, "proxy": true},
		},
		"config": map[string]any{
			"archetype": "sultanbulb", "function": "mixed", "direction": "omnidirectional",
			"startup": map[string]any{"mode": "safety", "configured": true},
		},
		"uniqueid":   fmt.Sprintf("%s-0b", l.mac),
		"swversion":  "1.88.1",
		"swconfigid": "598ECE0C",
		"productid":  "Philips-LCT015-1-A19ECLv5",
	}
}
