package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A failure is an error of API v1. It comes with HTTP status 200.
type failure struct {
	Type        int    `json:"type"`
	Address     string `json:"address"`
	Description string `json:"description"`
}

// A reply is one entry of an answer of API v1: a success or an error.
type reply struct {
	Success any      `json:"success,omitempty"`
	Error   *failure `json:"error,omitempty"`
}

func fail(kind int, address, format string, args ...any) reply {
	return reply{Error: &failure{Type: kind, Address: address, Description: fmt.Sprintf(format, args...)}}
}

func succeed(address string, value any) reply {
	return reply{Success: map[string]any{address: value}}
}

// replies answers with a list; to an object without attributes it is an empty one.
func replies(rs ...reply) answer {
	if rs == nil {
		rs = []reply{}
	}
	return jsonAnswer(http.StatusOK, rs)
}

func unauthorized(address string) answer {
	return replies(fail(1, address, "unauthorized user"))
}

func notAvailable(address string) answer {
	return replies(fail(3, address, "resource, %s, not available", address))
}

func notAllowed(c call, address string) answer {
	return replies(fail(4, address, "method, %s, not available for resource, %s", c.method, address))
}

// v1 answers a request to API v1. The caller holds the lock.
func (b *Bridge) v1(c call, fault Fault) answer {
	rest := c.path[1:]
	address := "/"
	if len(rest) > 1 {
		address += strings.Join(rest[1:], "/")
	}
	switch {
	case len(rest) == 0 && c.method == http.MethodPost:
		return b.pair(c, fault)
	case len(rest) == 0:
		return notAllowed(c, "/")
	case c.method == http.MethodGet && rest[0] == "config" && len(rest) == 1,
		c.method == http.MethodGet && c.client == "" && len(rest) == 2 && rest[1] == "config":
		return jsonAnswer(http.StatusOK, b.publicConfig())
	case c.client == "":
		return unauthorized(address)
	case len(rest) == 1 && c.method == http.MethodGet:
		return jsonAnswer(http.StatusOK, b.datastore(c))
	case len(rest) == 1:
		return notAllowed(c, "/")
	}
	return b.v1Resource(c, rest[1], rest[2:], address, fault)
}

// v1Resource answers a request about one kind of resource. The caller holds the lock.
func (b *Bridge) v1Resource(c call, kind string, rest []string, address string, fault Fault) answer {
	switch kind {
	case "lights":
		return b.v1Lights(c, rest, address, fault)
	case "groups":
		return b.v1Groups(c, rest, address, fault)
	case "config":
		return b.v1Config(c, rest, address)
	case "capabilities":
		return readOnly(c, rest, address, capabilities(len(b.lights)))
	case "info":
		return readOnly(c, rest, address, map[string]any{"timezones": timezones()})
	case "scenes", "sensors", "rules", "schedules", "resourcelinks":
		return readOnly(c, rest, address, map[string]any{})
	default:
		return notAvailable(address)
	}
}

// readOnly answers for resources that are only ever listed.
func readOnly(c call, rest []string, address string, whole map[string]any) answer {
	if len(rest) == 0 {
		if c.method != http.MethodGet {
			return notAllowed(c, address)
		}
		return jsonAnswer(http.StatusOK, whole)
	}
	if rest[0] == "new" && len(rest) == 1 && c.method == http.MethodGet && c.path[2] == "sensors" {
		return jsonAnswer(http.StatusOK, map[string]any{"lastscan": "none"})
	}
	if part, ok := whole[rest[0]]; ok && len(rest) == 1 && c.method == http.MethodGet {
		return jsonAnswer(http.StatusOK, part)
	}
	return notAvailable(address)
}

// datastore is the full state, as GET /api/KEY returns it.
func (b *Bridge) datastore(c call) map[string]any {
	empty := map[string]any{}
	return map[string]any{
		"lights": b.lightsV1(), "groups": b.groupsV1(), "config": b.fullConfig(c),
		"schedules": empty, "scenes": empty, "rules": empty, "sensors": empty, "resourcelinks": empty,
	}
}

// object reads a JSON object; anything else is error 2.
func object(c call, address string) (map[string]json.RawMessage, *answer) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &fields); err != nil || fields == nil {
		a := replies(fail(2, address, "body contains invalid json"))
		return nil, &a
	}
	return fields, nil
}

// shown is how the bridge quotes an invalid value: strings without quotes.
func shown(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil && !bytes.Equal(raw, []byte("null")) {
		return s
	}
	return string(raw)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// oneName reads the value of a "name" attribute: 1 to 32 characters.
func oneName(raw json.RawMessage) (string, bool) {
	var name string
	if err := json.Unmarshal(raw, &name); err != nil || name == "" || len(name) > 32 {
		return "", false
	}
	return name, true
}

// rename answers PUT on a resource whose only attribute that can be changed is
// its name; without set, not even that.
func rename(c call, address string, readOnly []string, set func(string)) answer {
	fields, bad := object(c, address)
	if bad != nil {
		return *bad
	}
	var out []reply
	for _, attribute := range sortedKeys(fields) {
		at := address + "/" + attribute
		switch name, ok := oneName(fields[attribute]); {
		case attribute == "name" && set == nil:
			out = append(out, fail(8, at, "parameter, %s, is not modifiable", attribute))
		case attribute == "name" && ok:
			set(name)
			out = append(out, succeed(at, name))
		case attribute == "name":
			out = append(out, invalid(at, attribute, fields[attribute]))
		case slices.Contains(readOnly, attribute):
			out = append(out, fail(8, at, "parameter, %s, is not modifiable", attribute))
		default:
			out = append(out, fail(6, at, "parameter, %s, not available", attribute))
		}
	}
	return replies(out...)
}

func invalid(address, attribute string, raw json.RawMessage) reply {
	return fail(7, address, "invalid value, %s, for parameter, %s", shown(raw), attribute)
}

func capabilities(lights int) map[string]any {
	total := func(used, total int) map[string]any { return map[string]any{"available": total - used, "total": total} }
	return map[string]any{
		"lights": total(lights, max(63, lights)),
		"sensors": map[string]any{
			"available": 250, "total": 250, "clip": total(0, 250), "zll": total(0, 64), "zgp": total(0, 64),
		},
		"groups":        total(1, 64),
		"scenes":        map[string]any{"available": 200, "total": 200, "lightstates": total(0, 12600)},
		"schedules":     total(0, 100),
		"rules":         map[string]any{"available": 255, "total": 255, "conditions": total(0, 1500), "actions": total(0, 1020)},
		"resourcelinks": total(0, 64),
		"streaming":     map[string]any{"available": 1, "total": 1, "channels": 20},
		"timezones":     map[string]any{"values": timezones()},
	}
}

func timezones() []string {
	return []string{"Etc/UTC", "Europe/Amsterdam", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo"}
}
