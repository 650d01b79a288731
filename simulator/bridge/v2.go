package bridge

import (
	"math"
	"net/http"
)

// described is an error of API v2.
type described struct {
	Description string `json:"description"`
}

// dataAnswer is an answer of API v2.
func dataAnswer(status int, data []map[string]any, errs []described, addressed ...string) answer {
	if data == nil {
		data = []map[string]any{}
	}
	if errs == nil {
		errs = []described{}
	}
	return jsonAnswer(status, map[string]any{"errors": errs, "data": data}, addressed...)
}

func refusedV2(status int, description string) answer {
	return dataAnswer(status, nil, []described{{description}})
}

func reference(id, kind string) map[string]any { return map[string]any{"rid": id, "rtype": kind} }

// v2 answers a request to API v2. The caller holds the lock.
func (b *Bridge) v2(c call, fault Fault) answer {
	switch {
	case c.client == "":
		return page(http.StatusForbidden)
	case len(c.path) < 3 || c.path[0] != "clip" || c.path[1] != "v2" || c.path[2] != "resource":
		return page(http.StatusNotFound)
	case len(c.path) > 5:
		return refusedV2(http.StatusNotFound, "Not Found")
	}
	kind, id := "", ""
	if len(c.path) > 3 {
		kind = c.path[3]
	}
	if len(c.path) > 4 {
		id = c.path[4]
	}
	switch {
	case c.method == http.MethodGet:
		return b.listV2(kind, id)
	case c.method != http.MethodPut || id == "":
		return refusedV2(http.StatusMethodNotAllowed, "Method Not Allowed")
	default:
		return b.putV2(c, kind, id, fault)
	}
}

// listV2 answers with all resources of a kind, or one of them.
func (b *Bridge) listV2(kind, id string) answer {
	var found []map[string]any
	for _, r := range b.resources() {
		if (kind == "" || r["type"] == kind) && (id == "" || r["id"] == id) {
			found = append(found, r)
		}
	}
	if len(found) == 0 && (id != "" || !knownKind(kind)) {
		return refusedV2(http.StatusNotFound, "Not Found")
	}
	return dataAnswer(http.StatusOK, found, nil)
}

// knownKind says whether a kind without any resource is at least one that the bridge knows.
func knownKind(kind string) bool {
	switch kind {
	case "", "scene", "zone", "button", "motion", "temperature", "light_level", "entertainment",
		"entertainment_configuration", "behavior_script", "behavior_instance", "device_power",
		"zgp_connectivity", "geofence_client", "geolocation", "homekit", "matter", "smart_scene",
		"relative_rotary", "contact", "tamper":
		return true
	default:
		return false
	}
}

// resources are all that API v2 knows.
func (b *Bridge) resources() []map[string]any {
	all := []map[string]any{b.bridgeV2(), b.bridgeDeviceV2(), b.homeV2(), b.roomV2()}
	for _, g := range b.groupedLights() {
		all = append(all, b.groupedLightV2(g))
	}
	for _, l := range b.lights {
		all = append(all, l.v2(), l.deviceV2(), l.zigbeeV2())
	}
	return all
}

func (b *Bridge) uuid(subject string) string { return uuid(b.id, subject) }

// groupedLights are the groups of all bulbs: that of the home and that of its only room.
func (b *Bridge) groupedLights() []resource {
	return []resource{
		{b.uuid("grouped light home"), "grouped_light", "/groups/0", b.uuid("home"), "bridge_home"},
		{b.uuid("grouped light room"), "grouped_light", "/groups/1", b.uuid("room"), "room"},
	}
}

func (b *Bridge) groupedLightV2(g resource) map[string]any {
	return map[string]any{
		"id": g.id, "id_v1": g.v1, "type": g.kind, "owner": reference(g.owner, g.ownerKind),
		"on": map[string]any{"on": b.anyOn()}, "dimming": map[string]any{"brightness": percent(b.action().Bri)},
		"alert": map[string]any{"action_values": []string{"breathe"}},
	}
}

func (b *Bridge) bridgeV2() map[string]any {
	return map[string]any{
		"id": b.uuid("bridge"), "type": "bridge", "owner": reference(b.uuid("bridge device"), "device"),
		"bridge_id": b.id, "time_zone": map[string]any{"time_zone": b.timezone},
	}
}

func (b *Bridge) bridgeDeviceV2() map[string]any {
	return map[string]any{
		"id": b.uuid("bridge device"), "type": "device",
		"product_data": product(b.model, "Hue Bridge", "bridge_v2", dotted(b.software)),
		"metadata":     map[string]any{"name": b.name, "archetype": "bridge_v2"},
		"services":     []map[string]any{reference(b.uuid("bridge"), "bridge")},
	}
}

func dotted(software string) string { return "1.67." + software }

func product(model, name, archetype, software string) map[string]any {
	return map[string]any{
		"model_id": model, "manufacturer_name": "Signify Netherlands B.V.", "product_name": name,
		"product_archetype": archetype, "certified": true, "software_version": software,
	}
}

func (b *Bridge) homeV2() map[string]any {
	return map[string]any{
		"id": b.uuid("home"), "id_v1": "/groups/0", "type": "bridge_home",
		"children": append([]map[string]any{reference(b.uuid("room"), "room")}, reference(b.uuid("bridge device"), "device")),
		"services": []map[string]any{reference(b.groupedLights()[0].id, "grouped_light")},
	}
}

func (b *Bridge) roomV2() map[string]any {
	var devices []map[string]any
	for _, l := range b.lights {
		devices = append(devices, reference(l.uuids.device, "device"))
	}
	return map[string]any{
		"id": b.uuid("room"), "id_v1": "/groups/1", "type": "room", "children": devices,
		"services": []map[string]any{reference(b.groupedLights()[1].id, "grouped_light")},
		"metadata": map[string]any{"name": b.room, "archetype": "other"},
	}
}

// percent is a v1 brightness as API v2 writes it.
func percent(bri int) float64 { return math.Round(float64(bri)/254*10000) / 100 }

func connectivity(s LightState) string {
	if s.Reachable {
		return "connected"
	}
	return "connectivity_issue"
}
