package hue

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const (
	testID   = "001788fffe23abcd"
	testUser = "SecretApplicationKey0123456789abcdefABCD"

	// patience is for what should take milliseconds, on a machine that is busy.
	patience = 20 * time.Second
)

// TestMain does what a command does at its start: huego can use the default
// client only.
func TestMain(m *testing.M) {
	http.DefaultClient = NewClient(ClientOptions{})
	goleak.VerifyTestMain(m)
}

func testKey() Key {
	return Key{BridgeID: testID, Username: testUser, ClientKey: strings.Repeat("AB", 16)}
}

// serve starts a plain bridge with the handler and returns its adapter.
func serve(t testing.TB, h http.HandlerFunc) *Bridge {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return adapter(t, s.URL, testKey(), ClientOptions{Timeout: patience})
}

func adapter(t testing.TB, url string, key Key, o ClientOptions) *Bridge {
	t.Helper()
	b, err := New(url, key, NewClient(o))
	if err != nil {
		t.Fatal(err)
	}
	b.pace.SetLimit(1e9) // the rate limit has its own test
	return b
}

// certificate makes one as bridges have it: a common name, no host name.
func certificate(t testing.TB, name string, parent *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:   pkix.Name{CommonName: name, Organization: []string{"Philips Hue"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	issuer, signer := template, any(key)
	if parent != nil {
		issuer, signer = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// serveTLS starts a bridge with the certificate and returns its URL.
func serveTLS(t testing.TB, c tls.Certificate, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = serverTLS(c)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// answer replies with a status and a JSON body.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func page(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		io.WriteString(w, "<html><body><h1>busy</h1></body></html>")
	}
}

// raw takes the connection away from the server and does as told with it.
func raw(do func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		do(conn)
	}
}

func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// silent reads the request and says nothing until the client gives up.
func silent(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

const success = `[{"success":{"/lights/1/state/on":true}}]`

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// noSecret fails if a text shows the application key.
func noSecret(t testing.TB, text string) {
	t.Helper()
	if strings.Contains(text, testUser) || strings.Contains(text, testKey().ClientKey) {
		t.Errorf("shows the key: %s", text)
	}
}

func tell(v any) string { return fmt.Sprintf("%v %+v %#v %s %q %d %x", v, v, v, v, v, v, v) }

// serverTLS is a real bridge's TLS: version 1.2 only.
func serverTLS(c tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}, MaxVersion: tls.VersionTLS12}
}

func countDials(n *int) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		*n++
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// inMemory serves a bridge over plain HTTP without a network, for virtual time;
// stop ends it.
func inMemory(h http.Handler) (address string, o ClientOptions, stop func()) {
	l := newPipes()
	s := &http.Server{Handler: h}
	go s.Serve(l)
	return "http://192.0.2.1", ClientOptions{Dial: l.dial}, func() { s.Close() }
}
