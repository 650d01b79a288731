package gateways

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// clients makes the HTTP clients: one resolves names and trusts the lab's
// roots, the other connects to the bridge and trusts its id. Neither keeps
// connections.
func (g *Gateway) clients() (web, local *http.Client) {
	web = &http.Client{Transport: &http.Transport{
		DialContext: g.dial, DisableKeepAlives: true, DisableCompression: true,
		TLSClientConfig: g.security("", 0),
	}}
	local = &http.Client{Transport: &http.Transport{
		DialContext: g.host.Dial, DisableKeepAlives: true, DisableCompression: true,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
		TLSClientConfig: g.bridgeSecurity(),
	}}
	return web, local
}

// bridgeSecurity accepts a certificate made out to the bridge's id. A bridge's
// certificate has no other name, so the usual check of the name is replaced.
func (g *Gateway) bridgeSecurity() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the bridge showed no certificate")
			}
			if name := state.PeerCertificates[0].Subject.CommonName; name != g.home.Bridge.ID {
				return fmt.Errorf("certificate is for %q, not for bridge %s", name, g.home.Bridge.ID)
			}
			return nil
		},
	}
}

// dial resolves the name in the address, if it is one, and connects.
func (g *Gateway) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return g.host.Dial(ctx, network, address)
	}
	addr, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	return g.host.Dial(ctx, network, net.JoinHostPort(addr.String(), port))
}

// security is how the gateway speaks TLS to the named cloud. The key exchange
// is of the paper's time: Curve25519, and P-256 for the hub; not the hybrid one
// that Go offers of itself.
func (g *Gateway) security(name string, highest uint16) *tls.Config {
	curve := tls.X25519
	if g.options.Kind == Aeotec {
		curve = tls.CurveP256
	}
	return &tls.Config{
		CurvePreferences: []tls.CurveID{curve},
		ServerName:       name, RootCAs: g.home.Roots, MinVersion: tls.VersionTLS12, MaxVersion: highest,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	}
}

// get asks for a page and reads it to its end; post sends size bytes first.
func (g *Gateway) get(url string) func(context.Context) error {
	return func(ctx context.Context) error { return exchange(ctx, g.web, http.MethodGet, url, 0) }
}

func (g *Gateway) post(url string, size int) func(context.Context) error {
	return func(ctx context.Context) error { return exchange(ctx, g.web, http.MethodPost, url, size) }
}

// poll asks the bridge for a page that does not follow the lights' state.
func (g *Gateway) poll(url string, met func()) func(context.Context) error {
	return func(ctx context.Context) error {
		err := exchange(ctx, g.local, http.MethodGet, url, 0)
		if err == nil {
			met()
		}
		return err
	}
}

func exchange(ctx context.Context, client *http.Client, method, url string, size int) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(bytes.Repeat([]byte("m"), size)))
	if err != nil {
		return err
	}
	if size == 0 {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)); err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	if response.StatusCode >= 500 {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}
