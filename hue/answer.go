package hue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Error types of API v1 that this package tells apart.
const (
	typeUnauthorized = 1
	typeBadJSON      = 2
	typeNoResource   = 3
	typeNoMethod     = 4
	typeMissing      = 5
	typeNoParameter  = 6
	typeBadValue     = 7
	typeFixed        = 8
	typeTooMany      = 11
	typeLinkButton   = 101
)

// object is a JSON object read leniently: a member of the wrong kind is as if
// it were missing, and does not spoil the rest.
type object map[string]json.RawMessage

func (o object) object(name string) object {
	var inner object
	_ = json.Unmarshal(o[name], &inner)
	return inner
}

func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		var n json.Number
		_ = json.Unmarshal(o[name], &n)
		s = n.String()
	}
	return printable(s)
}

func (o object) boolean(name string) (value, told bool) {
	raw := bytes.TrimSpace(o[name])
	return string(raw) == "true", string(raw) == "true" || string(raw) == "false"
}

// number is the member's value, rounded and kept within 0…most.
func (o object) number(name string, most float64) float64 {
	var f float64
	if json.Unmarshal(o[name], &f) != nil {
		return 0
	}
	return math.Max(0, math.Min(most, math.Round(f)))
}

func (o object) xy() (xy [2]float32) {
	var values []float64
	if json.Unmarshal(o["xy"], &values) == nil && len(values) == 2 {
		for i, v := range values {
			xy[i] = float32(math.Max(0, math.Min(1, v)))
		}
	}
	return xy
}

func parseLight(id string, o object) Light {
	s := o.object("state")
	l := Light{ID: id, Name: o.text("name"), Type: o.text("type"), Model: o.text("modelid"), UniqueID: o.text("uniqueid")}
	reachable, told := s.boolean("reachable")
	l.Reachable = reachable
	l.State = State{
		Brightness: uint8(s.number("bri", 254)), ColorMode: s.text("colormode"), XY: s.xy(),
		Mired: uint16(s.number("ct", math.MaxUint16)), Hue: uint16(s.number("hue", math.MaxUint16)),
		Saturation: uint8(s.number("sat", 254)),
	}
	l.State.On, _ = s.boolean("on")
	l.State.Unreachable = told && !reachable
	return l
}

// parseObject reads an answer that should be an object; a bridge that refuses
// answers with a list of errors in its place.
func parseObject(body []byte) (object, error) {
	var o object
	if json.Unmarshal(body, &o) == nil && o != nil {
		return o, nil
	}
	entries, err := parseEntries(body)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.refusal != nil {
			return nil, e.refusal.err()
		}
	}
	return nil, fmt.Errorf("%w: neither an object nor an error", ErrAnswer)
}

// An entry is one element of the answer to a command. Both parts are nil when
// the bridge wrote something else.
type entry struct {
	success object
	refusal *refusal
}

// refusal is the bridge's own error. Type is 0 when it was no number.
type refusal struct {
	number  int
	address string
	reason  string
}

func parseEntries(body []byte) ([]entry, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil || list == nil {
		return nil, fmt.Errorf("%w: %q is no list", ErrAnswer, printable(string(bytes.ToValidUTF8(body[:min(len(body), 60)], nil))))
	}
	entries := make([]entry, len(list))
	for i, raw := range list {
		var o object
		_ = json.Unmarshal(raw, &o)
		entries[i].success = o.object("success")
		if e := o.object("error"); e != nil {
			number, _ := strconv.Atoi(e.text("type"))
			entries[i].refusal = &refusal{number: number, address: e.text("address"), reason: e.text("description")}
		}
	}
	return entries, nil
}

func (r *refusal) err() error {
	kind := ErrRefused
	switch {
	case r.number == typeUnauthorized:
		kind = ErrUnauthorized
	case r.number == typeLinkButton:
		kind = ErrLinkButton
	case r.number == typeNoResource && strings.HasPrefix(r.address, "/lights"):
		kind = ErrNoSuchLight
	case r.number == 0:
		kind = ErrAnswer
	}
	return &refusalError{refusal: r, kind: kind}
}

// refusalError is a refusal as an error; it matches its sentinel.
type refusalError struct {
	*refusal
	kind error
}

func (e *refusalError) Error() string { return fmt.Sprintf("%v: %v", e.kind, e.refusal) }
func (e *refusalError) Unwrap() error { return e.kind }

func (r *refusal) String() string {
	return fmt.Sprintf("error %d at %s: %s", r.number, r.address, r.reason)
}

// certain reports whether the refusal means that the attribute at the path was
// surely not set. An internal error, or "device is off" (after which bridges
// send the command all the same), leaves that open.
func (r *refusal) certain(path string) bool {
	switch r.number {
	case typeUnauthorized, typeBadJSON, typeNoResource, typeNoMethod, typeMissing, typeTooMany, typeLinkButton:
		return true
	case typeNoParameter, typeBadValue, typeFixed:
		return r.address == path || strings.HasPrefix(path, strings.TrimSuffix(r.address, "/")+"/")
	default:
		return false
	}
}
