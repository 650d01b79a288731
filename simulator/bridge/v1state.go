package bridge

import (
	"encoding/json"
	"slices"
)

// operable are the attributes of a bulb's state that a client may set, in the
// order in which the bridge takes them.
func operable() []string {
	return []string{
		"on", "bri", "hue", "sat", "ct", "xy", "bri_inc", "hue_inc", "sat_inc", "ct_inc", "xy_inc",
		"effect", "alert", "transitiontime",
	}
}

// fixed are the attributes that can be read only.
func fixed() []string { return []string{"colormode", "mode", "reachable"} }

// commandV1 reads the body of a PUT to a state: the state that it leads to, and
// for each attribute a success or an error at its own address.
func commandV1(now LightState, fields map[string]json.RawMessage, address string) (LightState, []reply) {
	out := []reply{}
	for _, attribute := range operable() {
		raw, given := fields[attribute]
		if !given {
			continue
		}
		out = append(out, setV1(&now, attribute, raw, address+"/"+attribute))
	}
	for _, attribute := range sortedKeys(fields) {
		switch at := address + "/" + attribute; {
		case slices.Contains(operable(), attribute):
		case slices.Contains(fixed(), attribute):
			out = append(out, fail(8, at, "parameter, %s, is not modifiable", attribute))
		default:
			out = append(out, fail(6, at, "parameter, %s, not available", attribute))
		}
	}
	return now, out
}

// setV1 sets one attribute. While the bulb is off most of them are refused with error 201.
func setV1(s *LightState, attribute string, raw json.RawMessage, address string) reply {
	next := *s
	value, ok := assign(&next, attribute, raw)
	switch {
	case !ok:
		return invalid(address, attribute, raw)
	case !s.On && !slices.Contains([]string{"on", "alert", "transitiontime"}, attribute):
		return fail(201, address, "parameter, %s, is not modifiable. Device is set to off.", attribute)
	}
	*s = next
	return succeed(address, value)
}

// assign sets one attribute and returns the value that the bridge repeats.
func assign(s *LightState, attribute string, raw json.RawMessage) (any, bool) {
	switch attribute {
	case "on":
		ok := read(raw, &s.On)
		return s.On, ok
	case "xy":
		return assignXY(s, raw)
	case "xy_inc":
		return moveXY(s, raw)
	case "effect":
		return assignOne(&s.Effect, raw, "none", "colorloop")
	case "alert":
		return assignOne(&s.Alert, raw, "none", "select", "lselect")
	case "transitiontime":
		n, ok := within(raw, 0, 65535)
		return n, ok
	default:
		return assignNumber(s, attribute, raw)
	}
}

func assignNumber(s *LightState, attribute string, raw json.RawMessage) (any, bool) {
	n, ok := 0, false
	switch attribute {
	case "bri":
		n, ok = within(raw, 0, 254)
		s.Bri = max(n, 1)
	case "hue":
		n, ok = within(raw, 0, 65535)
		s.Hue, s.ColorMode = n, "hs"
	case "sat":
		n, ok = within(raw, 0, 254)
		s.Sat, s.ColorMode = n, "hs"
	case "ct":
		n, ok = within(raw, 153, 500)
		s.CT, s.ColorMode = n, "ct"
	case "bri_inc":
		n, ok = within(raw, -254, 254)
		s.Bri = min(max(s.Bri+n, 1), 254)
	case "hue_inc":
		n, ok = within(raw, -65534, 65534)
		s.Hue, s.ColorMode = (s.Hue+n+2*65536)%65536, "hs"
	case "sat_inc":
		n, ok = within(raw, -254, 254)
		s.Sat, s.ColorMode = min(max(s.Sat+n, 0), 254), "hs"
	case "ct_inc":
		n, ok = within(raw, -65534, 65534)
		s.CT, s.ColorMode = min(max(s.CT+n, 153), 500), "ct"
	}
	return n, ok
}

func assignXY(s *LightState, raw json.RawMessage) (any, bool) {
	var xy []float64
	if !read(raw, &xy) || len(xy) != 2 || min(xy[0], xy[1]) < 0 || max(xy[0], xy[1]) > 1 {
		return nil, false
	}
	s.XY, s.ColorMode = [2]float64{xy[0], xy[1]}, "xy"
	return xy, true
}

func moveXY(s *LightState, raw json.RawMessage) (any, bool) {
	var by []float64
	if !read(raw, &by) || len(by) != 2 || min(by[0], by[1]) < -0.5 || max(by[0], by[1]) > 0.5 {
		return nil, false
	}
	s.XY = [2]float64{min(max(s.XY[0]+by[0], 0), 1), min(max(s.XY[1]+by[1], 0), 1)}
	s.ColorMode = "xy"
	return by, true
}

func assignOne(target *string, raw json.RawMessage, allowed ...string) (any, bool) {
	var s string
	if !read(raw, &s) || !slices.Contains(allowed, s) {
		return nil, false
	}
	*target = s
	return s, true
}

// within reads a whole number between two bounds.
func within(raw json.RawMessage, least, most int) (int, bool) {
	var n int
	ok := read(raw, &n)
	return n, ok && least <= n && n <= most
}

// read is json.Unmarshal that does not take null for a zero.
func read(raw json.RawMessage, target any) bool {
	return string(raw) != "null" && json.Unmarshal(raw, target) == nil
}
