package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// SignatureHeader holds "sha256=" and the HMAC-SHA-256 of the body, in hex, under
// the webhook's key.
const SignatureHeader = "X-Hueprint-Signature"

// A Webhook is an address to which messages are posted as JSON. Any answer of
// 200 to 299 means that it is delivered.
//
// Addresses of this machine and of its links (loopback, link-local, multicast,
// unspecified) are refused when a connection is made to them, whatever their name
// was when it was looked up, unless AllowLocal is set. Redirects are followed if
// they keep the message (307 and 308), at most three, and not from https to http.
// No proxy is used.
type Webhook struct {
	// URL is http or https. Its path and query are often the key to it and are
	// in no error.
	URL string
	// Key signs the body; empty means no signature.
	Key        Secret
	AllowLocal bool
	// Roots vouch for the server's certificate; nil means the system's.
	Roots *x509.CertPool
	// Timeout is for one attempt (default 10 s), Attempts their number (default
	// 4), Backoff the pause after the first, which doubles (default 2 s).
	Timeout  time.Duration
	Attempts int
	Backoff  time.Duration
}

// ErrRefused says that an address is not one that a webhook may reach.
var ErrRefused = errors.New("the address is one of this machine or of its link (allow local addresses for this webhook if that is meant)")

const (
	mostRedirects = 3
	mostAnswer    = 64 << 10 // bytes of an answer that are read, to use the connection again
	mostPause     = 30 * time.Second
)

// Send posts the message. It tries again when the server could not be reached,
// asks for it, or fails (408, 429, 5xx), after the pause that the server asks for,
// up to 30 s, or else that of Backoff.
func (w Webhook) Send(ctx context.Context, m Message) error {
	target, err := url.Parse(w.URL)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return errors.New("webhook: its address is not one of http or https (write https://host/path)")
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("webhook %s: encode message: %w", target.Host, err)
	}
	client := w.client()
	defer client.CloseIdleConnections()
	pause := cmp.Or(w.Backoff, 2*time.Second)
	for attempt := 1; ; attempt++ {
		again, asked, err := w.post(ctx, client, target, body)
		if err == nil {
			return nil
		}
		if !again || attempt >= cmp.Or(w.Attempts, 4) || !rest(ctx, min(max(pause, asked), mostPause)) {
			return masked(fmt.Errorf("webhook %s: %d attempts: %w", target.Host, attempt, err), w.secrets(target)...)
		}
		pause *= 2
	}
}

// rest waits, and tells whether ctx still lasts.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// post makes one attempt. It tells whether another may help, and when.
func (w Webhook) post(ctx context.Context, client *http.Client, target *url.URL, body []byte) (again bool, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(w.Timeout, 10*time.Second))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return false, 0, errors.New("its address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "hueprint")
	if w.Key != "" {
		mac := hmac.New(sha256.New, []byte(w.Key))
		mac.Write(body)
		req.Header.Set(SignatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	answer, err := client.Do(req)
	if err != nil {
		return !errors.Is(err, ErrRefused) && !errors.Is(err, errRedirect), 0, withoutURL(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, mostAnswer) // what it says is not used
	return judge(answer)
}

func judge(answer *http.Response) (again bool, after time.Duration, err error) {
	status := answer.StatusCode
	switch {
	case status >= 200 && status < 300:
		return false, 0, nil
	case status >= 300 && status < 400:
		return false, 0, fmt.Errorf("it redirects with status %d, which would lose the message (write its final address)", status)
	}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		after = min(time.Duration(min(seconds, 3600))*time.Second, mostPause)
	}
	again = status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
	return again, after, fmt.Errorf("it answers with status %d (look at its address and at what it expects)", status)
}

// withoutURL leaves out the address that net/http puts before its errors.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (w Webhook) secrets(target *url.URL) []string {
	password, _ := target.User.Password()
	all := []string{w.URL, target.String(), string(w.Key), password, target.RawQuery}
	if len(target.Path) > 1 {
		all = append(all, target.EscapedPath(), target.Path)
	}
	return all
}

var errRedirect = errors.New("redirect refused")

// client has a transport of its own, so that nobody else's settings, and no
// proxy from the environment, hold for it.
func (w Webhook) client() *http.Client {
	dialer := &net.Dialer{Timeout: cmp.Or(w.Timeout, 10*time.Second)}
	if !w.AllowLocal {
		dialer.Control = refuseLocal
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: w.Roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: mostAnswer,
		},
		CheckRedirect: checkRedirect,
	}
}

func checkRedirect(next *http.Request, before []*http.Request) error {
	last := before[len(before)-1]
	switch {
	case next.Method != http.MethodPost: // 301, 302 and 303 lose the message
		return http.ErrUseLastResponse
	case len(before) > mostRedirects:
		return fmt.Errorf("%w: more than %d of them (write the final address)", errRedirect, mostRedirects)
	case next.URL.Scheme != "https" && (next.URL.Scheme != "http" || last.URL.Scheme == "https"):
		return fmt.Errorf("%w: from %s to another scheme (write the final address)", errRedirect, last.URL.Scheme)
	}
	// Go would tell the address before, with its keys, to the next server.
	next.Header.Del("Referer")
	return nil
}
