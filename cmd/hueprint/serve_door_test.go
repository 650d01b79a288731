package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/runs"
)

// writeCertificate writes a certificate for 127.0.0.1 and its key.
func writeCertificate(t *testing.T, dir string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AddCert(must1(t)(x509.ParseCertificate(der)))
	return pool
}

func must1(t *testing.T) func(*x509.Certificate, error) *x509.Certificate {
	return func(c *x509.Certificate, err error) *x509.Certificate {
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// TestServeByHTTPS serves with a certificate, and with its successor without a
// restart.
func TestServeByHTTPS(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(runs.StateVariable, filepath.Join(dir, "state"))
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte("lab: x\nserve: {tls: {cert: cert.pem, key: key.pem}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := writeCertificate(t, dir, 1)
	s := openTestServer(t, path)
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	d, err := s.listen(t.Context(), "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.serve() }()
	defer func() {
		if err := d.server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		s.panel.Close()
	}()
	if !strings.HasPrefix(d.address(), "https://127.0.0.1:") {
		t.Errorf("the panel is said to be at %s", d.address())
	}
	demandHealthy(t, d.address(), first)
	roots := writeCertificate(t, dir, 2)
	demandHealthy(t, d.address(), roots)
	demand(t, d.address()+"/readyz", roots, http.StatusOK)
	s.setStanding("scheduler", "the scheduler has ended")
	demand(t, d.address()+"/readyz", roots, http.StatusServiceUnavailable)
}

func demandHealthy(t *testing.T, base string, roots *x509.CertPool) {
	t.Helper()
	demand(t, base+"/healthz", roots, http.StatusOK)
}

// demand asks by HTTP/2, so that the live streams of many tabs share a
// connection.
func demand(t *testing.T, url string, roots *x509.CertPool, want int) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != want || answer.ProtoMajor != 2 {
		t.Errorf("%s: %s %s %s (%v)", url, answer.Proto, answer.Status, text, err)
	}
}

// TestTellSystemd reads what systemd would read.
func TestTellSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := tellSystemd("READY=1"); err != nil {
		t.Errorf("without systemd: %v", err)
	}
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	if err := tellSystemd("READY=1"); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 64)
	n, err := l.Read(said)
	if err != nil || string(said[:n]) != "READY=1" {
		t.Errorf("systemd was told %q, %v", said[:n], err)
	}
}
