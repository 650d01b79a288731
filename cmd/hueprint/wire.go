package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/hue"
)

// dialer connects to an address; the simulated lab has its own.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// client makes the HTTP client for bridges and puts it where huego, which can
// use no other, finds it. Nothing else in the program uses net/http's default.
func (p *program) client(dial dialer, roots *x509.CertPool) *http.Client {
	c := hue.NewClient(hue.ClientOptions{Dial: dial, Roots: roots})
	http.DefaultClient = c
	return c
}

// bridgeClient makes the client that trusts the configured bridge.
func (p *program) bridgeClient(b config.Bridge) (*http.Client, error) {
	if b.Roots == "" {
		return p.client(nil, nil), nil
	}
	pem, err := os.ReadFile(b.Roots)
	if err != nil {
		return nil, fmt.Errorf("read the bridge's authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", b.Roots)
	}
	return p.client(nil, roots), nil
}
