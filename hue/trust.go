package hue

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Trust says by what a bridge's certificate is recognised. Bridges have
// certificates without host names, so the usual check cannot work; these take
// its place, and none of them is "accept anything".
type Trust struct {
	// Pin is the SHA-256, in hexadecimal, of the certificate or of its public
	// key. When set, it alone decides.
	Pin string
	// Roots are the vendor's, for the check by chain; with BridgeID, which the
	// certificate must have as its common name.
	Roots    *x509.CertPool
	BridgeID string

	// first takes the certificate of the first connection for the bridge's, while
	// the operator stands beside it and presses its button: pairing only.
	first *firstUse
}

// firstUse remembers the certificate that pairing saw.
type firstUse struct {
	mu        sync.Mutex
	pin, name string
}

func (f *firstUse) seen() (pin, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pin, f.name
}

func (t Trust) empty() bool {
	return t.Pin == "" && t.first == nil && (t.Roots == nil || t.BridgeID == "")
}

// config is the TLS set-up for a bridge. Go's own check by host name is replaced
// (not left out): VerifyConnection runs on every handshake.
func (t Trust) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // the certificate has no host name; verify decides instead
		VerifyConnection:   t.verify,
	}
}

func (t Trust) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return fmt.Errorf("%w: no certificate came", ErrUntrusted)
	}
	leaf := state.PeerCertificates[0]
	switch {
	case t.Pin != "":
		return t.verifyPin(leaf)
	case t.Roots != nil && t.BridgeID != "":
		return t.verifyChain(state.PeerCertificates)
	case t.first != nil:
		return t.verifyFirst(state.PeerCertificates)
	default:
		return fmt.Errorf("%w: nothing is known to recognise it by", ErrUntrusted)
	}
}

func (t Trust) verifyPin(leaf *x509.Certificate) error {
	want := strings.ToLower(strings.ReplaceAll(t.Pin, ":", ""))
	if want == digest(leaf.Raw) || want == digest(leaf.RawSubjectPublicKeyInfo) {
		return nil
	}
	return fmt.Errorf("%w: its SHA-256 is %s, not the one seen at pairing", ErrUntrusted, digest(leaf.Raw))
}

func (t Trust) verifyChain(certificates []*x509.Certificate) error {
	leaf := certificates[0]
	if !strings.EqualFold(leaf.Subject.CommonName, t.BridgeID) {
		return fmt.Errorf("%w: it names %q, not %q", ErrUntrusted, printable(leaf.Subject.CommonName), t.BridgeID)
	}
	return chain(certificates, t.Roots)
}

// verifyFirst accepts a certificate that names some bridge, and afterwards only
// the same one. With roots, the chain must hold, too.
func (t Trust) verifyFirst(certificates []*x509.Certificate) error {
	t.first.mu.Lock()
	defer t.first.mu.Unlock()
	leaf := certificates[0]
	if t.first.pin != "" {
		return Trust{Pin: t.first.pin}.verifyPin(leaf)
	}
	if !bridgeID.MatchString(leaf.Subject.CommonName) {
		return fmt.Errorf("%w: it names %q, which is no bridge id", ErrUntrusted, printable(leaf.Subject.CommonName))
	}
	if t.Roots != nil {
		if err := chain(certificates, t.Roots); err != nil {
			return err
		}
	}
	t.first.pin, t.first.name = digest(leaf.Raw), strings.ToLower(leaf.Subject.CommonName)
	return nil
}

var bridgeID = regexp.MustCompile(`^[0-9A-Fa-f]{16}$`)

func chain(certificates []*x509.Certificate, roots *x509.CertPool) error {
	between := x509.NewCertPool()
	for _, c := range certificates[1:] {
		between.AddCert(c)
	}
	_, err := certificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	return nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
