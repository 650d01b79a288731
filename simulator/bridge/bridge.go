// Package bridge is a simulated Philips Hue bridge whose truth only the simulator knows.
//
// It speaks what the real bridge speaks: API v1 over HTTP and HTTPS, API v2 and
// its event stream, pairing with a link button, and mDNS. It serves on the
// listeners that it is handed, so the same bridge runs on a loopback port, on a
// userspace network, in a network namespace, and over in-memory connections
// in virtual time. Its habits and its faults are those that were observed on real
// bridges: HTTP 200 whatever happened, a predicted state instead of a
// measured one, connections that close after each answer, events that come at most
// once a second.
//
// It does not simulate Zigbee, scenes, sensors, rules, schedules or
// entertainment: their v1 lists are there and empty. It is evidence for
// nothing about a real bridge.
//
// Start with [New] and [Bridge.Serve]. [Bridge.SetFault] makes it misbehave.
// [Bridge.State] is the bulb itself; what clients are told may differ.
package bridge

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Options say which bridge to simulate. The zero value is a bridge of the second
// generation with one bulb that nobody has paired with.
type Options struct {
	ID       string            // 16 hexadecimal digits; default: drawn from Seed
	Name     string            // default "Hue Bridge"
	Model    string            // "BSB002" (default) or "BSB003" (Bridge Pro: plain HTTP only redirects)
	Software string            // default "1967054020"
	Lights   []string          // names of the bulbs, numbered from 1; default one "Bench bulb"
	Keys     map[string]string // keys already paired: application name to key
	Seed     uint64            // decides identities, new keys and delays
	Latency  Latency           // zero fields: the defaults of [Latency]
	Limits   bool              // limit requests as the real bridge's web server does on HTTPS
	Fault    Fault             // the fault to begin with
	Log      io.Writer         // if set, gets one JSON line per request before its answer is sent
	Logger   *slog.Logger      // if set, gets the web server's own complaints
}

// Latency bounds the delays of the bridge. Each delay is drawn evenly between its bounds.
type Latency struct {
	AnswerMin, AnswerMax time.Duration // from a received command to its answer; default 5 to 30 ms
	EventMin, EventMax   time.Duration // from a received command to its event; default 30 to 125 ms
}

// A Bridge is one simulated bridge with its bulbs. All methods may be called
// at any time from any goroutine.
type Bridge struct {
	id, model, software string
	logger              *slog.Logger
	certificate         tls.Certificate
	latency             Latency
	limits              bool
	log                 io.Writer
	alarms              *alarms
	stream              *stream

	mu       sync.Mutex // guards all below
	name     string
	room     string // name of the room that all bulbs are in
	timezone string
	lights   []*light
	keys     map[string]*client // by key
	rng      *rand.Rand
	pressed  time.Time // when the link button was pressed
	fault    Fault
	due      int // requests that the fault concerns, since it was set
	requests []Request
	serving  int
	groupOn  bool // whether any light was on when last announced
}

// New makes a bridge. It fails on options that no bridge could have.
func New(o Options) (*Bridge, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	certificate, err := newCertificate(o.ID, o.Seed)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of bridge %s: %w", o.ID, err)
	}
	b := &Bridge{
		id: o.ID, model: o.Model, software: o.Software, name: o.Name, room: "Bench", timezone: "Etc/UTC",
		logger: o.Logger, certificate: certificate, latency: o.Latency, limits: o.Limits, log: o.Log,
		keys: map[string]*client{},
		rng:  rand.New(rand.NewPCG(o.Seed, binary.BigEndian.Uint64(digest(o.Seed, o.ID)))),
	}
	b.alarms = newAlarms()
	b.stream = newStream(b.alarms)
	for i, name := range o.Lights {
		b.lights = append(b.lights, newLight(o.ID, i+1, name))
	}
	for name, key := range o.Keys {
		b.keys[key] = newClient(name, time.Now())
	}
	b.SetFault(o.Fault)
	return b, nil
}

func (o Options) withDefaults() Options {
	if o.ID == "" {
		// Vendor prefix of Signify, then "fffe", as in every id made from a MAC address.
		o.ID = "001788fffe" + hex.EncodeToString(digest(o.Seed, "bridge id")[:3])
	}
	o.ID = strings.ToLower(o.ID)
	o.Name = cmp.Or(o.Name, "Hue Bridge")
	o.Model = cmp.Or(o.Model, "BSB002")
	o.Software = cmp.Or(o.Software, "1967054020")
	if len(o.Lights) == 0 {
		o.Lights = []string{"Bench bulb"}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Keys = maps.Clone(o.Keys)
	o.Latency = o.Latency.withDefaults()
	return o
}

func (o Options) check() error {
	if raw, err := hex.DecodeString(o.ID); err != nil || len(raw) != 8 {
		return fmt.Errorf("bridge id %q: want 16 hexadecimal digits", o.ID)
	}
	if l := o.Latency; l.AnswerMin > l.AnswerMax || l.EventMin > l.EventMax {
		return fmt.Errorf("latency %+v: each least value must not be above its greatest", l)
	}
	for name, key := range o.Keys {
		if name == "" || key == "" || strings.ContainsAny(key, "/?# ") {
			return fmt.Errorf("key of application %q: want a name and a key without slashes or spaces", name)
		}
	}
	if _, err := ParseFault(string(o.Fault)); err != nil {
		return err
	}
	return nil
}

func (l Latency) withDefaults() Latency {
	if l.AnswerMax == 0 {
		l.AnswerMin, l.AnswerMax = 5*time.Millisecond, 30*time.Millisecond
	}
	if l.EventMax == 0 {
		l.EventMin, l.EventMax = 30*time.Millisecond, 125*time.Millisecond
	}
	return l
}

// ID returns the bridge id: 16 hexadecimal digits in lower case.
func (b *Bridge) ID() string { return b.id }

// MAC returns the hardware address of the bridge, made from its id.
func (b *Bridge) MAC() string {
	digits := b.id[:6] + b.id[10:]
	var pairs []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":")
}

// PressLinkButton lets applications pair for the next 30 seconds.
func (b *Bridge) PressLinkButton() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pressed = time.Now()
}

// SetFault makes the bridge misbehave from the next request on. [FaultNone]
// makes it behave again; bulbs are then polled at once.
// It panics on a fault that [ParseFault] refuses.
func (b *Bridge) SetFault(f Fault) {
	f, err := ParseFault(string(f))
	if err != nil {
		panic(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.due = f, 0
	b.stream.setFault(f.Name())
	for _, l := range b.lights {
		b.poll(l)
	}
	b.announceLater(b.lights...)
}

// State returns what the bulb with this number ("1", "2", …) itself shows. What
// the bridge tells clients is [Bridge.Cached]. It panics if there is no such bulb.
func (b *Bridge) State(light string) LightState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mustLight(light).bulb
}

// Cached returns the state that the bridge believes, and tells its clients.
// It panics if there is no such bulb.
func (b *Bridge) Cached(light string) LightState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mustLight(light).cache
}

// TouchLight changes a bulb as somebody else would, for example with a wall
// switch: state and event follow, and no request is logged.
// It panics if there is no such bulb.
func (b *Bridge) TouchLight(light string, change func(*LightState)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.mustLight(light)
	next := l.bulb
	change(&next)
	b.operate(l, next, carried)
	b.announceLater(l)
}

func (b *Bridge) mustLight(id string) *light {
	l := b.light(id)
	if l == nil {
		panic(fmt.Sprintf("simulated bridge %s has no light %q", b.id, id))
	}
	return l
}

// light finds a bulb by its v1 number. The caller holds the lock.
func (b *Bridge) light(id string) *light {
	for _, l := range b.lights {
		if l.id == id {
			return l
		}
	}
	return nil
}

// draw picks a delay between two bounds. The caller holds the lock.
func (b *Bridge) draw(least, most time.Duration) time.Duration {
	return least + time.Duration(b.rng.Int64N(int64(most-least)+1))
}

// digest is where all identities of a bridge come from: equal seeds, equal bridges.
func digest(seed uint64, subject string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "hueprint simulated bridge\x00%d\x00%s", seed, subject))
	return sum[:]
}
