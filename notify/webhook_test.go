package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var message = Message{ID: "1", Subject: "echo: detected", Text: "The verdict has changed.\nLook.", Kind: "verdict", Run: "01ABC", URL: "http://lab/runs/01ABC",
	At: time.Date(2027, 5, 3, 18, 0, 0, 0, time.UTC)}

// hook is a webhook with a secret path, whose server is the test's.
func hook(url string) Webhook {
	return Webhook{URL: url + "/services/T0SECRET?token=Q0SECRET", Key: "K0SECRET", AllowLocal: true, Backoff: time.Millisecond, Timeout: 5 * time.Second}
}

func TestAWebhookIsPostedAndSigned(t *testing.T) {
	var got Message
	var body []byte
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
		if r.Method != http.MethodPost || r.URL.Path != "/services/T0SECRET" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	if err := hook(server.URL).Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &got); err != nil || got != message {
		t.Errorf("%v: %+v", err, got)
	}
	mac := hmac.New(sha256.New, []byte("K0SECRET"))
	mac.Write(body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); header.Get(SignatureHeader) != want {
		t.Errorf("signature %q, want %q", header.Get(SignatureHeader), want)
	}
	unsigned := hook(server.URL)
	unsigned.Key = ""
	if err := unsigned.Send(t.Context(), message); err != nil || header.Get(SignatureHeader) != "" {
		t.Errorf("%v: signature %q without a key", err, header.Get(SignatureHeader))
	}
}

func TestAWebhookIsTriedAgainWhereThatMayHelp(t *testing.T) {
	for _, c := range []struct {
		statuses []int
		attempts int
		ok       bool
	}{
		{[]int{500, 429, 204}, 3, true}, {[]int{503, 503, 503, 503, 200}, 4, false}, {[]int{408, 200}, 2, true},
		{[]int{400, 200}, 1, false}, {[]int{404, 200}, 1, false}, {[]int{302, 200}, 1, false}, {[]int{303, 200}, 1, false},
	} {
		t.Run(fmt.Sprint(c.statuses), func(t *testing.T) {
			var n atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.statuses[n.Add(1)-1])
			}))
			defer server.Close()
			err := hook(server.URL).Send(t.Context(), message)
			if (err == nil) != c.ok || int(n.Load()) != c.attempts {
				t.Errorf("%d attempts, want %d: %v", n.Load(), c.attempts, err)
			}
			tellsNothing(t, err)
		})
	}
}

func TestAServerMayAskForAPause(t *testing.T) {
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()
	began := time.Now()
	if err := hook(server.URL).Send(t.Context(), message); err != nil || time.Since(began) < time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// tellsNothing checks that an error tells no key, nor the address beyond its host.
func tellsNothing(t *testing.T, err error) {
	t.Helper()
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "0SECRET") {
		t.Error(text)
	}
}

func TestErrorsTellNoSecret(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	gone := hook(server.URL)
	server.Close()
	gone.Attempts = 2
	for name, w := range map[string]Webhook{
		"nobody listens": gone, "not an address": {URL: "ftp://T0SECRET/x"}, "no host": {URL: "https:///T0SECRET"}, "broken": {URL: "http://x\x7f/T0SECRET"},
		"user": {URL: "http://u:P0SECRET@127.0.0.1:1/T0SECRET", AllowLocal: true, Attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.Send(t.Context(), message)
			if err == nil {
				t.Fatal("sent")
			}
			tellsNothing(t, err)
		})
	}
	if text, _ := json.Marshal(hook("http://x")); strings.Contains(string(text), "K0SECRET") {
		t.Errorf("%s", text)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", gone.Key, gone, gone, gone.Key); strings.Contains(text, "K0SECRET") {
		t.Error(text)
	}
}

func TestAddressesOfThisMachineAreRefused(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "127.9.9.9"} {
		w := hook("http://" + host + ":" + port)
		w.AllowLocal = false
		began := time.Now()
		if err := w.Send(t.Context(), message); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), " 1 attempts") {
			t.Errorf("%s: %v after %v", host, err, time.Since(began))
		}
	}
	if reached.Load() != 0 {
		t.Errorf("the server was reached %d times", reached.Load())
	}
}

func TestWhichAddressesAreRefused(t *testing.T) {
	for address, refused := range map[string]bool{
		"127.0.0.1": true, "::1": true, "169.254.169.254": true, "fe80::1": true, "224.0.0.251": true, "ff02::fb": true, "0.0.0.0": true, "0.1.2.3": true, "::": true,
		"255.255.255.255": true, "::ffff:127.0.0.1": true, "::ffff:169.254.1.1": true, "64:ff9b::7f00:1": true, "2002:7f00:1::": true, "::127.0.0.1": true,
		"192.168.1.20": false, "10.0.0.1": false, "fd00::1": false, "192.0.2.1": false, "2001:db8::1": false, "64:ff9b::c000:201": false, "2002:c000:201::": false,
	} {
		at := netip.AddrPortFrom(netip.MustParseAddr(address), 80)
		if err := refuseLocal("tcp", at.String(), nil); errors.Is(err, ErrRefused) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := refuseLocal("tcp", "[fe80::1%eth0]:80", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("link-local with its zone: %v", err)
	}
	if err := refuseLocal("unix", "/run/x", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("a socket file: %v", err)
	}
}

// The first server stands for one outside (RFC 5737): its address alone is dialled
// past the check, every other connection as always.
func TestARedirectToThisMachineIsRefused(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached by a redirect") }))
	defer inside.Close()
	var asked atomic.Bool
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(true)
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	}))
	defer outside.Close()
	w := hook("http://192.0.2.1")
	w.AllowLocal = false
	client := w.client()
	defer client.CloseIdleConnections()
	transport := client.Transport.(*http.Transport)
	checked := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "192.0.2.1:80" {
			return new(net.Dialer).DialContext(ctx, network, outside.Listener.Addr().String())
		}
		return checked(ctx, network, address)
	}
	target, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.post(t.Context(), client, target, []byte("{}")); !errors.Is(err, ErrRefused) || !asked.Load() {
		t.Errorf("%v; the first server was asked: %v", err, asked.Load())
	}
}

func TestRedirectsThatKeepTheMessageAreFollowed(t *testing.T) {
	var hops int
	var got string
	var referer []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		referer = append(referer, r.Referer())
		var left int
		if n, _ := fmt.Sscanf(r.URL.Path, "/left/%d", &left); n == 0 {
			left = hops
		}
		if left > 0 {
			http.Redirect(w, r, fmt.Sprintf("/left/%d", left-1), http.StatusPermanentRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		got = string(body)
	}))
	defer server.Close()
	hops = 3
	if err := hook(server.URL).Send(t.Context(), message); err != nil || !strings.Contains(got, "echo: detected") {
		t.Errorf("three redirects: %v, %q", err, got)
	}
	hops = 4
	if err := hook(server.URL).Send(t.Context(), message); err == nil || !strings.Contains(err.Error(), "more than 3") {
		t.Errorf("four redirects: %v", err)
	}
	if all := strings.Join(referer, ""); all != "" {
		t.Errorf("the address was told to the next server: %s", all)
	}
}

func TestARedirectToPlainHTTPIsRefused(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("told in clear") }))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusTemporaryRedirect))
	defer secure.Close()
	w := hook(secure.URL)
	w.Roots = roots(secure)
	if err := w.Send(t.Context(), message); err == nil || !strings.Contains(err.Error(), "from https to another scheme") {
		t.Error(err)
	}
	w.Roots, w.Attempts = nil, 1
	if err := w.Send(t.Context(), message); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func TestAWebhookThatHangsEnds(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	w := hook(server.URL)
	w.Timeout, w.Attempts = 30*time.Millisecond, 2
	if err := w.Send(t.Context(), message); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	w.Timeout = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := w.Send(ctx, message); err == nil {
		t.Error("sent")
	}
}

type broken struct{ err error }

func (b broken) Send(context.Context, Message) error { return b.err }

func TestAllAreTold(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	if err := (All{broken{first}, broken{nil}, broken{second}}).Send(t.Context(), message); !errors.Is(err, first) || !errors.Is(err, second) {
		t.Error(err)
	}
	if err := (All{}).Send(t.Context(), message); err != nil {
		t.Error(err)
	}
}
