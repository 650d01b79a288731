package hue

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	usualTimeout = 5 * time.Second
	// mostBody bounds an answer: a full bridge's list of lights is some 100 kB.
	mostBody = 4 << 20
)

// ClientOptions shape a client. The zero value is right for a real bridge.
type ClientOptions struct {
	// Dial connects; nil means a plain [net.Dialer]. The simulated lab gives its own.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are the vendor's certificates, for bridges whose key holds no pin.
	Roots *x509.CertPool
	// Trust, by host and port ("192.0.2.1:443"), recognises bridges for requests
	// that no [Bridge] made; a Bridge brings its own.
	Trust map[string]Trust
	// Timeout bounds connecting, and each request with its answer; 0 means 5 s.
	Timeout time.Duration
}

// NewClient returns the client that every request to a bridge passes through.
// huego can use net/http's default client only, so the command sets that to one
// of these once at start. A [Bridge] rides on the client it was made with, even
// if the default one is another of NewClient.
//
// Each request has its own connection (Go would not repeat a command whose kept
// connection had just been closed by the bridge), proxies are ignored, redirects
// are refused (they would turn a command into a read), TLS is 1.2 or newer, and
// statuses other than 2xx, web pages and endless bodies become errors.
func NewClient(o ClientOptions) *http.Client {
	if o.Timeout <= 0 {
		o.Timeout = usualTimeout
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: o.Timeout}).DialContext
	}
	l := &line{options: o}
	l.inner = &http.Transport{
		DialContext: l.dialPlain, DialTLSContext: l.dialTLS,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
	}
	return &http.Client{Transport: l, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return ErrRedirect }}
}

// line is the transport of a client.
type line struct {
	options ClientOptions
	inner   *http.Transport
}

// RoundTrip sends the request on the line of the call that made it, and checks
// the answer before the caller sees it.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	c := callOf(r.Context())
	if c.passes(); c.probe {
		return nil, refuse(r, errProbe)
	}
	if c.line != nil && c.line != l {
		return c.line.RoundTrip(r)
	}
	answer, err := l.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := checkStatus(answer.StatusCode); err != nil {
		return nil, drop(answer, err)
	}
	if c.stream {
		return answer, nil
	}
	return l.whole(answer, c)
}

// refuse ends a request that is not sent, as the contract of RoundTripper wants.
func refuse(r *http.Request, err error) error {
	if r.Body != nil {
		r.Body.Close()
	}
	return err
}

func drop(answer *http.Response, err error) error {
	answer.Body.Close()
	return err
}

// whole reads the answer to its end and gives it to the call, then to the caller.
func (l *line) whole(answer *http.Response, c *call) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostBody+1))
	answer.Body.Close()
	if err != nil {
		return nil, err
	}
	if len(body) > mostBody {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrAnswer, mostBody)
	}
	if isPage(answer, body) {
		return nil, fmt.Errorf("%w: a web page came", ErrAnswer)
	}
	c.answered(body)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

func isPage(answer *http.Response, body []byte) bool {
	return strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) &&
		!bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

func checkStatus(code int) error {
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return &statusError{code, ErrRedirect}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return &statusError{code, ErrUnauthorized}
	case code == http.StatusTooManyRequests:
		return &statusError{code, ErrBusy}
	case code == http.StatusServiceUnavailable:
		return &statusError{code, ErrUnavailable}
	default:
		return &statusError{code, ErrAnswer}
	}
}

// dialPlain hands out the call's prepared connection, or connects.
func (l *line) dialPlain(ctx context.Context, network, address string) (net.Conn, error) {
	if conn := callOf(ctx).prepared(); conn != nil {
		return conn, nil
	}
	return l.connect(ctx, network, address)
}

func (l *line) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	c := callOf(ctx)
	if conn := c.prepared(); conn != nil {
		return conn, nil
	}
	return l.secure(ctx, network, address, c.trust)
}

// connect opens a connection within the client's time limit: net/http does not
// end a dial when its request ends.
func (l *line) connect(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	conn, err := l.options.Dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return conn, nil
}

// secure connects and shakes hands. Bridges are recognised by trust; any other
// host (the vendor's look-up) by its name, as on the web.
func (l *line) secure(ctx context.Context, network, address string, trust *Trust) (net.Conn, error) {
	raw, err := l.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	conn := tls.Client(raw, l.security(address, trust))
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return conn, nil
}

func (l *line) security(address string, trust *Trust) *tls.Config {
	if trust != nil {
		return trust.config()
	}
	if t, ok := l.options.Trust[address]; ok {
		return t.config()
	}
	host, _, _ := net.SplitHostPort(address)
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
}
