package hue

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/amimof/huego"
	"golang.org/x/time/rate"
)

// pace is the least time between two requests: a bridge takes some ten light
// commands a second and drops what comes faster.
const pace = 100 * time.Millisecond

// A Bridge is one bridge, commanded with one key. Its methods may be called at
// once from several goroutines; requests go one at a time, 100 ms apart. A call
// whose context has no deadline ends after the client's time limit.
type Bridge struct {
	url         string // scheme and host
	secure      bool
	dialAddress string
	key         *Key // a pointer, so that printing the bridge prints no secret
	trusted     Trust
	line        *line
	client      *http.Client

	turn chan struct{}
	pace *rate.Limiter

	mu    sync.Mutex
	ready *idle
}

// An Identity names a bridge. It holds no key.
type Identity struct {
	Name string
	// ID is the bridge's 16 hexadecimal digits, in lower case.
	ID         string
	Model      string // BSB002: second generation, BSB003: Pro
	Software   string
	APIVersion string
	Address    string // as given, with its scheme
}

// A Light is one bulb that a bridge knows. Reachable is what the bridge last
// believed; it is late when a bulb loses power and sometimes wrong.
type Light struct {
	ID        string // the number in API v1
	Name      string
	Type      string
	Model     string
	UniqueID  string
	Reachable bool
	State     State
}

// A State is what a bridge believes a light is set to. Values that the bridge
// did not tell are zero.
type State struct {
	On         bool
	Brightness uint8 // 1…254; 0 when unknown
	// ColorMode says which of the following holds: xy, ct, hs or empty.
	ColorMode  string
	XY         [2]float32
	Mired      uint16
	Hue        uint16
	Saturation uint8
	// Unreachable tells that the bulb did not answer the bridge's last poll: the
	// rest is what the bridge was told, not what the bulb shows.
	Unreachable bool
}

// New returns the bridge at an address: https://HOST or http://HOST, with :PORT
// if unusual; a bare HOST means https. Over https the bridge is recognised by
// the key's pin, or by the client's roots and the key's bridge id. The client
// must be one of [NewClient]. New sends nothing.
func New(address string, key Key, c *http.Client) (*Bridge, error) {
	l, ok := lineOf(c)
	if !ok {
		return nil, fmt.Errorf("open bridge %q: %w", printable(address), ErrClient)
	}
	u, err := parseAddress(address)
	if err != nil {
		return nil, masked(fmt.Errorf("open bridge: %w", err), key)
	}
	key.BridgeID = strings.ToLower(key.BridgeID)
	b := &Bridge{url: u.String(), secure: u.Scheme == "https", dialAddress: withPort(u), key: &key, line: l, client: c,
		turn: make(chan struct{}, 1), pace: rate.NewLimiter(rate.Every(pace), 1)}
	b.trusted = Trust{Pin: key.Pin, Roots: l.options.Roots, BridgeID: key.BridgeID}
	if given, ok := l.options.Trust[b.dialAddress]; ok && b.trusted.empty() {
		b.trusted = given
	}
	return b, nil
}

func lineOf(c *http.Client) (*line, bool) {
	if c == nil {
		return nil, false
	}
	l, ok := c.Transport.(*line)
	return l, ok
}

// parseAddress takes a scheme and a host and nothing else: no user, path or query.
func parseAddress(address string) (*url.URL, error) {
	text := strings.TrimSuffix(strings.TrimSpace(address), "/")
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || *u != (url.URL{Scheme: u.Scheme, Host: u.Host}) {
		return nil, fmt.Errorf("%w: %q", ErrAddress, printable(address))
	}
	return u, nil
}

func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// String names the bridge by its address.
func (b *Bridge) String() string { return b.url }

// Address is the bridge's address with its scheme.
func (b *Bridge) Address() string { return b.url }

func (b *Bridge) trust() *Trust { return &b.trusted }

// Identity asks the bridge who it is; no key is sent or needed. With
// [ErrOtherBridge] it is not the one that the key is for.
func (b *Bridge) Identity(ctx context.Context) (Identity, error) {
	const operation = "read the bridge's identity"
	got, err := b.speak(ctx, "", func(ctx context.Context, h *huego.Bridge) error {
		_, err := h.GetConfigContext(ctx)
		return err
	})
	if err != nil {
		return Identity{}, explain(operation, err, *b.key)
	}
	config, err := parseObject(got.body)
	if err != nil {
		return Identity{}, explain(operation, err, *b.key)
	}
	i := Identity{Name: config.text("name"), ID: strings.ToLower(config.text("bridgeid")), Model: config.text("modelid"),
		Software: config.text("swversion"), APIVersion: config.text("apiversion"), Address: b.url}
	if b.key.BridgeID != "" && i.ID != b.key.BridgeID {
		return i, explain(operation, fmt.Errorf("%w: it is %q, the key is for %q", ErrOtherBridge, i.ID, b.key.BridgeID), *b.key)
	}
	return i, nil
}

// Lights lists the lights by number. A light that the bridge describes badly is
// listed with what could be read.
func (b *Bridge) Lights(ctx context.Context) ([]Light, error) {
	const operation = "list lights"
	got, err := b.speak(ctx, b.key.Username, func(ctx context.Context, h *huego.Bridge) error {
		_, err := h.GetLightsContext(ctx)
		return err
	})
	if err != nil {
		return nil, explain(operation, err, *b.key)
	}
	all, err := parseObject(got.body)
	if err != nil {
		return nil, explain(operation, err, *b.key)
	}
	lights := make([]Light, 0, len(all))
	for id := range all {
		if _, err := lightNumber(id); err == nil {
			lights = append(lights, parseLight(id, all.object(id)))
		}
	}
	sort.Slice(lights, func(i, j int) bool {
		a, _ := lightNumber(lights[i].ID)
		b, _ := lightNumber(lights[j].ID)
		return a < b
	})
	return lights, nil
}

// Light reads one light.
func (b *Bridge) Light(ctx context.Context, light string) (Light, error) {
	operation := "read light " + printable(light)
	n, err := lightNumber(light)
	if err != nil {
		return Light{}, explain(operation, err, *b.key)
	}
	got, err := b.speak(ctx, b.key.Username, func(ctx context.Context, h *huego.Bridge) error {
		_, err := h.GetLightContext(ctx, n)
		return err
	})
	if err != nil {
		return Light{}, explain(operation, err, *b.key)
	}
	o, err := parseObject(got.body)
	if err != nil {
		return Light{}, explain(operation, err, *b.key)
	}
	return parseLight(light, o), nil
}

// State reads what the bridge believes the light is set to. That is no message
// to the bulb, and after a command it is the state that the bridge expects.
func (b *Bridge) State(ctx context.Context, light string) (State, error) {
	l, err := b.Light(ctx, light)
	return l.State, err
}

func lightNumber(light string) (int, error) {
	n, err := strconv.Atoi(light)
	if err != nil || n < 1 || strconv.Itoa(n) != light {
		return 0, fmt.Errorf("%w: %q", ErrNoSuchLight, printable(light))
	}
	return n, nil
}
