package hue

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// FuzzAnswer feeds any status and body through every request of API v1: none
// may panic, claim success without the bridge saying so, or show the key.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{success, `[]`, `[null]`, `null`, `{}`, `[{"error":{"type":"1"}}]`, `[{"error":{"type":1}}]`, `[{"error":null}]`, `{"1":{"state":{"bri":256}}}`,
		`[{"success":{"/lights/1/state/on":true}},{"error":{"type":201,"address":"/lights/1/state/bri","description":"` + testUser + `"}}]`, `[{"success":7}]`, `{"whitelist":{"a":null}}`} {
		f.Add(uint16(200), body)
	}
	f.Add(uint16(301), "")
	f.Add(uint16(503), "<html>")
	var status uint16
	var body string
	c := NewClient(ClientOptions{})
	far := c.Transport.(*line)
	far.options.Dial = answerAnything(&status, &body)
	b, err := New("http://192.0.2.1", testKey(), c)
	if err != nil {
		f.Fatal(err)
	}
	b.pace.SetLimit(1e9)
	f.Fuzz(func(t *testing.T, s uint16, text string) {
		status, body = 200+s%400, text
		ctx := t.Context()
		r, err := b.Switch(ctx, "1", true)
		if (r.Outcome == Done) != (err == nil) || r.Outcome == Done && !strings.Contains(text, "true") {
			t.Errorf("%+v, %v for %d %q", r, err, status, text)
		}
		_, lights := b.Lights(ctx)
		_, state := b.State(ctx, "1")
		_, identity := b.Identity(ctx)
		_, set := b.Set(ctx, "1", State{Brightness: 7})
		for _, err := range []error{err, lights, state, identity, set} {
			if err != nil {
				noSecret(t, tell(err))
			}
		}
	})
}

// answerAnything is a bridge in memory that answers with what the variables hold.
func answerAnything(status *uint16, body *string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			request, err := http.ReadRequest(bufio.NewReader(far))
			if err != nil {
				return
			}
			io.Copy(io.Discard, request.Body)
			answer := http.Response{StatusCode: int(*status), ProtoMajor: 1, ProtoMinor: 1, Request: request,
				Body: io.NopCloser(strings.NewReader(*body)), ContentLength: int64(len(*body)), Close: true}
			answer.Write(far)
		}()
		return near, nil
	}
}

// FuzzStream: the reader of events neither panics nor keeps more than it may,
// and what it gives is understood or skipped.
func FuzzStream(f *testing.F) {
	f.Add([]byte(": hi\n\n" + update(1, "aaaa", `"on":{"on":true}`)))
	f.Add([]byte("id\ndata\r\ndata: a\ndata:b\n\nid: 7\n\n"))
	f.Add([]byte("data: [{\"type\":\"update\",\"data\":[null,{\"type\":\"light\",\"on\":null,\"dimming\":{}}]}]\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newEventReader(bytes.NewReader(text))
		for n := 0; ; n++ {
			e, err := r.next()
			if err != nil {
				if n > len(text) || err != io.EOF && len(text) < mostEvent {
					t.Errorf("%d events, %v", n, err)
				}
				return
			}
			parseChanges(e.data, map[string]string{"aaaa": "1"})
		}
	})
}

// FuzzMDNS: every packet of the network is read without a panic, and a find has
// an address.
func FuzzMDNS(f *testing.F) {
	f.Add(mdnsAnswer(f, testID, nil))
	f.Add(mdnsAnswer(f, testID, &[4]byte{192, 0, 2, 2}))
	from := netip.MustParseAddr("192.0.2.9")
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, found := range parseMDNS(packet, from) {
			if !found.Addr.IsValid() || found.Addr.Port() == 0 {
				t.Errorf("%+v", found)
			}
		}
	})
}

// FuzzCloud and the resources of API v2: any body gives a list or ErrAnswer.
func FuzzCloud(f *testing.F) {
	f.Add([]byte(`[{"id":"a","internalipaddress":"192.0.2.2","port":443}]`))
	f.Add([]byte(twoLights))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := parseCloud(body); err != nil && !errors.Is(err, ErrAnswer) {
			t.Error(err)
		}
		if _, err := parseResources(body); err != nil && !errors.Is(err, ErrAnswer) {
			t.Error(err)
		}
	})
}
