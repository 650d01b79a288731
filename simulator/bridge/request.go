package bridge

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Request is what the bridge noted about one request, before it answered.
// It never holds an application key.
type Request struct {
	Time   time.Time             `json:"time"` // when the request had been read, by the bridge's clock
	Proto  string                `json:"proto"`
	Remote string                `json:"remote"`
	Method string                `json:"method"`
	Path   string                `json:"path"`             // keys are shown as "KEY"
	Client string                `json:"client,omitempty"` // application name of the key; empty for unknown keys
	Body   string                `json:"body,omitempty"`
	Status int                   `json:"status"`          // of the answer to come; 0 if there is none
	Fault  Fault                 `json:"fault,omitempty"` // that showed in this request
	After  map[string]LightState `json:"after,omitempty"` // the bulbs that were addressed, after it
}

// At most so many requests are kept for [Bridge.Requests].
const requestHistory = 10_000

// Requests returns what the bridge has noted, oldest first; the newest 10,000 at most.
func (b *Bridge) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// note keeps a request and writes its line. The line is written whole, in one
// write, so that it survives whatever happens to the client.
func (b *Bridge) note(c call, status int, showed Fault, addressed []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := Request{
		Time: c.at, Proto: c.proto(), Remote: c.remote, Method: c.method, Path: c.masked(),
		Client: c.client, Body: string(c.body), Status: status, Fault: showed,
	}
	for _, id := range addressed {
		if r.After == nil {
			r.After = map[string]LightState{}
		}
		r.After[id] = b.mustLight(id).bulb
	}
	b.requests = append(b.requests, r)
	if len(b.requests) > requestHistory {
		b.requests = b.requests[1:]
	}
	if b.log == nil {
		return
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // a struct of plain values
	}
	if _, err := b.log.Write(append(line, '\n')); err != nil {
		b.logger.Error("request log not written", "error", err)
	}
}

// A call is one request as read from a connection.
type call struct {
	at     time.Time
	secure bool
	number int // of this request on its connection, from 1
	remote string
	host   string
	method string
	path   []string // without empty parts
	v2     bool
	key    string // as given, valid or not
	client string // application name, if the key is valid
	body   []byte
	lastID string // of the event stream
}

func (c call) proto() string {
	if c.secure {
		return "https"
	}
	return "http"
}

// command says whether the request is meant to operate a bulb.
func (c call) command() bool {
	if c.method != "PUT" || c.client == "" {
		return false
	}
	if c.v2 {
		return len(c.path) == 5 && (c.path[3] == "light" || c.path[3] == "grouped_light")
	}
	return len(c.path) == 5 && (c.path[4] == "state" || c.path[4] == "action")
}

func (c call) pairing() bool {
	return c.method == "POST" && len(c.path) == 1 && c.path[0] == "api"
}

func (c call) stream() bool { return c.v2 && len(c.path) > 0 && c.path[0] == "eventstream" }

// masked is the path without keys: everything after /api but the public
// names, and what a whitelist entry is called.
func (c call) masked() string {
	parts := slices.Clone(c.path)
	if len(parts) > 1 && parts[0] == "api" && parts[1] != "config" && parts[1] != "nouser" {
		parts[1] = "KEY"
	}
	if len(parts) > 4 && parts[0] == "api" && parts[3] == "whitelist" {
		parts[4] = "KEY"
	}
	return "/" + strings.Join(parts, "/")
}
