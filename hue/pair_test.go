package hue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// button is a bridge whose link button is pressed after some attempts.
type button struct {
	after    int
	attempts int
	bodies   []string
	first    func(w http.ResponseWriter, r *http.Request) // the first attempt's answer, if not nil
	id       string
	old      bool // first generation: knows no client key
}

func (b *button) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == "GET" {
		fmt.Fprintf(w, `{"name":"lab","bridgeid":%q,"modelid":"BSB002"}`, strings.ToUpper(b.id))
		return
	}
	text, _ := io.ReadAll(r.Body)
	b.bodies = append(b.bodies, string(text))
	b.attempts++
	switch {
	case b.first != nil && b.attempts == 1:
		b.first(w, r)
	case b.old && strings.Contains(string(text), "generateclientkey"):
		io.WriteString(w, `[{"error":{"type":6,"address":"/generateclientkey","description":"parameter, generateclientkey, not available"}}]`)
	case b.attempts <= b.after:
		io.WriteString(w, `[{"error":{"type":101,"address":"","description":"link button not pressed"}}]`)
	case b.old:
		fmt.Fprintf(w, `[{"success":{"username":%q}}]`, testUser)
	default:
		fmt.Fprintf(w, `[{"success":{"username":%q,"clientkey":%q}}]`, testUser, testKey().ClientKey)
	}
}

func TestPair(t *testing.T) {
	cert := certificate(t, testID, nil)
	b := &button{after: 1, id: testID}
	url := serveTLS(t, cert, b)
	key, err := Pair(within(t, patience), url, "hueprint#lab", NewClient(ClientOptions{}))
	want := testKey()
	want.Pin = digest(cert.Leaf.Raw)
	if err != nil || key != want {
		t.Fatalf("%v, %v (pin %s)", key, err, key.Pin)
	}
	if b.bodies[0] != `{"devicetype":"hueprint#lab","generateclientkey":true}` {
		t.Errorf("asked %s", b.bodies[0])
	}
	if i, err := adapter(t, url, key, ClientOptions{}).Identity(within(t, patience)); err != nil || i.ID != testID || i.Model != "BSB002" {
		t.Errorf("with the key: %+v, %v", i, err)
	}
}

func TestPairPlain(t *testing.T) {
	b := &button{old: true, id: testID}
	key, err := Pair(within(t, patience), serve(t, b.ServeHTTP).Address(), "hueprint", NewClient(ClientOptions{}))
	if err != nil || key.Username != testUser || key.ClientKey != "" || key.Pin != "" || key.BridgeID != testID {
		t.Errorf("%v, %v", key, err)
	}
}

// What no patience helps against ends pairing at once.
func TestPairFails(t *testing.T) {
	client := NewClient(ClientOptions{})
	for _, test := range []struct {
		name   string
		bridge http.Handler
		want   error
	}{
		{"redirects", http.RedirectHandler("https://192.0.2.1/", http.StatusMovedPermanently), ErrRedirect},
		{"garbage", answer(200, `[{"success":{"user":1}}]`), ErrAnswer},
		{"no name", answer(200, `[]`), ErrAnswer},
		{"refused", answer(200, `[{"error":{"type":7,"address":"/devicetype","description":"invalid value"}}]`), ErrRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Pair(within(t, patience), serve(t, test.bridge.ServeHTTP).Address(), "hueprint", client); !errors.Is(err, test.want) || errors.Is(err, ErrTimeout) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	if _, err := Pair(within(t, patience), "http://192.0.2.1", strings.Repeat("x", 41), client); err == nil {
		t.Error("took a name that is too long")
	}
}

// A bridge that never gives a key is asked until the deadline, not longer, and
// the error says what it said last. In virtual time.
func TestPairInVain(t *testing.T) {
	for want, bridge := range map[error]http.Handler{
		ErrLinkButton: &button{after: 99}, ErrTimeout: http.HandlerFunc(silent), ErrBusy: page(429),
	} {
		synctest.Test(t, func(t *testing.T) {
			address, o, stop := inMemory(bridge)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			begin := time.Now()
			_, err := Pair(ctx, address, "hueprint", NewClient(o))
			if !errors.Is(err, want) || time.Since(begin) != 30*time.Second {
				t.Errorf("%v after %v, want %v", err, time.Since(begin), want)
			}
			stop()
			synctest.Wait()
		})
	}
}

// A busy moment or a lost answer does not end the wait for the button.
func TestPairPatient(t *testing.T) {
	for _, first := range []http.HandlerFunc{page(503), raw(reset)} {
		b := &button{id: testID, first: first}
		if _, err := Pair(within(t, patience), serve(t, b.ServeHTTP).Address(), "hueprint", NewClient(ClientOptions{})); err != nil {
			t.Error(err)
		}
	}
}

// At pairing the certificate must name a bridge, and the one that answers.
func TestPairUntrusted(t *testing.T) {
	for _, name := range []string{"www.example.org", "001788fffe999999"} {
		url := serveTLS(t, certificate(t, name, nil), &button{id: testID})
		if _, err := Pair(within(t, patience), url, "hueprint", NewClient(ClientOptions{})); !errors.Is(err, ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
