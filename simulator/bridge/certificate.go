package bridge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// newCertificate makes the self-signed certificate of a bridge: P-256, the
// bridge id as common name, no alternative names. Key and certificate follow
// from seed and id, so that a pin survives a restart of the simulator.
// It begins in 1998, because virtual time begins in the year 2000.
func newCertificate(id string, seed uint64) (tls.Certificate, error) {
	raw := digest(seed, "private key of "+id)
	raw[0] &= 0x7f // below the order of the curve
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("derive the key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(digest(0, id)[:8]),
		Subject:               pkix.Name{Country: []string{"NL"}, Organization: []string{"Philips Hue"}, CommonName: id},
		NotBefore:             time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	// Without a source of chance the signature is the deterministic one of RFC 6979.
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("sign: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read back: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// Certificate returns the certificate that the bridge shows on HTTPS, with its
// Leaf parsed. Its common name is the bridge id in lower case; it names no host.
func (b *Bridge) Certificate() tls.Certificate { return b.certificate }

// tlsConfig is what the web server of a bridge of the second generation accepts.
func (b *Bridge) tlsConfig() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{b.certificate},
		MinVersion:   tls.VersionTLS12,
		MaxVersion:   tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		NextProtos:   []string{"http/1.1"},
	}
}
