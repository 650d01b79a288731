package bridge

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// How long the link button counts as pressed.
const linkTime = 30 * time.Second

// A client is an application that was paired.
type client struct {
	name          string
	created, used time.Time
}

func newClient(name string, at time.Time) *client { return &client{name: name, created: at, used: at} }

// recognise returns the application name of a key, or nothing.
func (b *Bridge) recognise(key string, at time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	known, ok := b.keys[key]
	if !ok {
		return ""
	}
	known.used = at
	return known.name
}

// pair answers POST /api. The caller holds the lock.
func (b *Bridge) pair(c call, fault Fault) answer {
	fields, bad := object(c, "/")
	if bad != nil {
		return *bad
	}
	var name string
	raw, given := fields["devicetype"]
	switch {
	case !given:
		return replies(fail(5, "/", "invalid/missing parameters in body"))
	case !read(raw, &name) || name == "" || len(name) > 40:
		return replies(invalid("/devicetype", "devicetype", raw))
	case fault == FaultLinkButton || b.pressed.IsZero() || c.at.Sub(b.pressed) > linkTime:
		return replies(fail(101, "", "link button not pressed"))
	}
	key := b.newSecret(20)
	granted := map[string]any{"username": key}
	var wanted bool
	if raw, given := fields["generateclientkey"]; given && read(raw, &wanted) && wanted {
		granted["clientkey"] = strings.ToUpper(b.newSecret(16))
	}
	b.keys[key] = newClient(name, c.at)
	return replies(reply{Success: granted})
}

// newSecret draws n bytes in hexadecimal. It protects a simulated bulb only.
func (b *Bridge) newSecret(n int) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(b.rng.Uint32())
	}
	return hex.EncodeToString(raw)
}

// v1Config answers for /config and what is below it. The caller holds the lock.
func (b *Bridge) v1Config(c call, rest []string, address string) answer {
	switch {
	case len(rest) == 0 && c.method == http.MethodGet:
		return jsonAnswer(http.StatusOK, b.fullConfig(c))
	case len(rest) == 0 && c.method == http.MethodPut:
		return b.configure(c, address)
	case len(rest) == 0:
		return notAllowed(c, address)
	case rest[0] == "whitelist" && len(rest) == 2 && c.method == http.MethodDelete:
		return b.unpair(rest[1], address)
	default:
		return notAvailable(address)
	}
}

func (b *Bridge) unpair(key, address string) answer {
	if _, known := b.keys[key]; !known {
		return notAvailable(address)
	}
	delete(b.keys, key)
	return replies(reply{Success: address + " deleted."})
}

// configure changes what a client may change here: the name and the time zone.
func (b *Bridge) configure(c call, address string) answer {
	fields, bad := object(c, address)
	if bad != nil {
		return *bad
	}
	known := sortedKeys(b.fullConfig(c))
	var out []reply
	for _, attribute := range sortedKeys(fields) {
		at := address + "/" + attribute
		switch value, ok := b.setConfig(attribute, fields[attribute]); {
		case ok:
			out = append(out, succeed(at, value))
		case attribute == "name" || attribute == "timezone":
			out = append(out, invalid(at, attribute, fields[attribute]))
		case slices.Contains(known, attribute):
			out = append(out, fail(8, at, "parameter, %s, is not modifiable", attribute))
		default:
			out = append(out, fail(6, at, "parameter, %s, not available", attribute))
		}
	}
	return replies(out...)
}

func (b *Bridge) setConfig(attribute string, raw json.RawMessage) (value any, ok bool) {
	switch attribute {
	case "name":
		name, ok := oneName(raw)
		if ok {
			b.name = name
		}
		return name, ok
	case "timezone":
		return assignOne(&b.timezone, raw, timezones()...)
	default:
		return nil, false
	}
}

// publicConfig is what the bridge tells anybody.
func (b *Bridge) publicConfig() map[string]any {
	return map[string]any{
		"name": b.name, "datastoreversion": "126", "swversion": b.software, "apiversion": "1.67.0",
		"mac": b.MAC(), "bridgeid": strings.ToUpper(b.id), "factorynew": false,
		"replacesbridgeid": nil, "modelid": b.model, "starterkitid": "",
	}
}

// v1Time is the form of times in API v1, without a zone.
const v1Time = "2006-01-02T15:04:05"

// fullConfig is what the bridge tells paired applications.
func (b *Bridge) fullConfig(c call) map[string]any {
	now := c.at.UTC()
	address := hostOf(c.host)
	config := b.publicConfig()
	for key, value := range map[string]any{
		"zigbeechannel": 20, "dhcp": true, "ipaddress": address, "netmask": "255.255.255.0", "gateway": gatewayOf(address),
		"proxyaddress": "none", "proxyport": 0, "UTC": now.Format(v1Time), "localtime": now.Format(v1Time),
		"timezone": b.timezone, "linkbutton": !b.pressed.IsZero() && now.Sub(b.pressed) <= linkTime,
		"portalservices": false, "portalconnection": "disconnected", "analyticsconsent": false,
		"portalstate":      map[string]any{"signedon": false, "incoming": false, "outgoing": false, "communication": "disconnected"},
		"internetservices": map[string]any{"internet": "disconnected", "remoteaccess": "disconnected", "time": "disconnected", "swupdate": "disconnected"},
		"backup":           map[string]any{"status": "idle", "errorcode": 0},
		"swupdate":         map[string]any{"updatestate": 0, "checkforupdate": false, "devicetypes": map[string]any{"bridge": false, "lights": []string{}, "sensors": []string{}}, "url": "", "text": "", "notify": false},
		"swupdate2": map[string]any{
			"checkforupdate": false, "lastchange": "2021-05-04T13:21:04", "state": "noupdates", "install": false,
			"bridge":      map[string]any{"state": "noupdates", "lastinstall": "2021-05-04T13:21:04"},
			"autoinstall": map[string]any{"updatetime": "T14:00:00", "on": false},
		},
		"whitelist": b.whitelist(),
	} {
		config[key] = value
	}
	return config
}

func (b *Bridge) whitelist() map[string]any {
	list := map[string]any{}
	for key, paired := range b.keys {
		list[key] = map[string]any{
			"name": paired.name, "create date": paired.created.UTC().Format(v1Time), "last use date": paired.used.UTC().Format(v1Time),
		}
	}
	return list
}

// hostOf is the address under which the client knows the bridge.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.String()
	}
	return "192.168.1.2"
}

func gatewayOf(address string) string {
	if ip := net.ParseIP(address).To4(); ip != nil {
		return fmt.Sprintf("%d.%d.%d.1", ip[0], ip[1], ip[2])
	}
	return "192.168.1.1"
}

// description is the UPnP document that older clients find bridges by.
func (b *Bridge) description(c call) answer {
	serial := strings.ReplaceAll(b.MAC(), ":", "")
	host := hostOf(c.host)
	if regexp.MustCompile(`^[0-9A-Za-z.:\[\]-]+$`).MatchString(c.host) {
		host = c.host
	}
	text := `<?xml version="1.0" encoding="UTF-8" ?>
<root xmlns="urn:schemas-upnp-org:device-1-0">
<specVersion><major>1</major><minor>0</minor></specVersion>
<URLBase>http://` + host + `/</URLBase>
<device>
<deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType>
<friendlyName>Hue Bridge (` + hostOf(c.host) + `)</friendlyName>
<manufacturer>Signify</manufacturer>
<manufacturerURL>http://www.philips-hue.com</manufacturerURL>
<modelDescription>Philips hue Personal Wireless Lighting</modelDescription>
<modelName>Philips hue bridge 2015</modelName>
<modelNumber>` + b.model + `</modelNumber>
<modelURL>http://www.philips-hue.com</modelURL>
<serialNumber>` + serial + `</serialNumber>
<UDN>uuid:2f402f80-da50-11e1-9b23-` + serial + `</UDN>
<presentationURL>index.html</presentationURL>
</device>
</root>
`
	return answer{status: http.StatusOK, kind: "text/xml", body: []byte(text)}
}
