package hue

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// A bridge is recognised by its pin or by chain and name, and by nothing less.
func TestTrust(t *testing.T) {
	root := certificate(t, "root-bridge", nil)
	good := certificate(t, testID, &root)
	strange := certificate(t, testID, nil)
	other := certificate(t, "001788fffe999999", &root)
	roots := x509.NewCertPool()
	roots.AddCert(root.Leaf)
	tests := []struct {
		name  string
		shown tls.Certificate
		key   Key
		roots *x509.CertPool
		want  error
	}{
		{"pinned", strange, Key{Pin: digest(strange.Leaf.Raw)}, nil, nil},
		{"pinned with colons and capitals", strange, Key{Pin: colons(digest(strange.Leaf.Raw))}, nil, nil},
		{"pinned key", strange, Key{Pin: digest(strange.Leaf.RawSubjectPublicKeyInfo)}, nil, nil},
		{"another than pinned", strange, Key{Pin: digest(good.Leaf.Raw)}, nil, ErrUntrusted},
		{"another than pinned, chain good", good, Key{Pin: digest(strange.Leaf.Raw), BridgeID: testID}, roots, ErrUntrusted},
		{"chain and name", good, Key{BridgeID: testID}, roots, nil},
		{"chain and name in capitals", good, Key{BridgeID: strings.ToUpper(testID)}, roots, nil},
		{"name without chain", strange, Key{BridgeID: testID}, roots, ErrUntrusted},
		{"chain of another bridge", other, Key{BridgeID: testID}, roots, ErrUntrusted},
		{"chain without a name to ask for", good, Key{}, roots, ErrUntrusted},
		{"nothing known", good, Key{BridgeID: testID}, nil, ErrUntrusted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked := false
			url := serveTLS(t, test.shown, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = true
				answer(200, success)(w, r)
			}))
			test.key.Username = testUser
			b := adapter(t, url, test.key, ClientOptions{Roots: test.roots})
			r, err := b.Switch(within(t, patience), "1", true)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			if test.want != nil && (r.Outcome != Failed || asked) {
				t.Errorf("outcome %q, request arrived: %v", r.Outcome, asked)
			}
			if err := b.Prepare(within(t, patience)); !errors.Is(err, test.want) {
				t.Errorf("prepare: %v", err)
			}
			b.Release()
		})
	}
}

func colons(hex string) string {
	var pairs []string
	for i := 0; i < len(hex); i += 2 {
		pairs = append(pairs, strings.ToUpper(hex[i:i+2]))
	}
	return strings.Join(pairs, ":")
}

// Trust given with the client serves a bridge without a key of its own.
func TestClientTrust(t *testing.T) {
	c := certificate(t, testID, nil)
	url := serveTLS(t, c, answer(200, `{"name":"lab","bridgeid":"001788FFFE23ABCD"}`))
	host := strings.TrimPrefix(url, "https://")
	b := adapter(t, host, Key{}, ClientOptions{Trust: map[string]Trust{host: {Pin: digest(c.Leaf.Raw)}}})
	if i, err := b.Identity(within(t, patience)); err != nil || i.ID != testID {
		t.Errorf("%+v, %v", i, err)
	}
	client := NewClient(ClientOptions{Trust: map[string]Trust{host: {Pin: digest([]byte("else"))}}})
	if _, err := client.Get(url); !errors.Is(err, ErrUntrusted) {
		t.Errorf("wrong pin: %v", err)
	}
	if _, err := NewClient(ClientOptions{}).Get(url); err == nil {
		t.Error("a certificate without host name passed the check by name")
	}
}

// Wrong schemes say which one to write.
func TestWrongScheme(t *testing.T) {
	plain := serve(t, answer(200, success))
	b := adapter(t, strings.Replace(plain.Address(), "http:", "https:", 1), Key{Pin: "00"}, ClientOptions{})
	if r, err := b.Switch(within(t, patience), "1", true); r.Outcome != Failed || !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), "http://") {
		t.Errorf("https to a plain bridge: %+v, %v", r, err)
	}
	url := serveTLS(t, certificate(t, testID, nil), answer(200, success))
	b = adapter(t, strings.Replace(url, "https:", "http:", 1), testKey(), ClientOptions{})
	if r, err := b.Switch(within(t, patience), "1", true); r.Outcome != Failed || !errors.Is(err, ErrAnswer) {
		t.Errorf("http to a TLS bridge: %+v, %v", r, err)
	}
}

// Addresses have a scheme and a host and nothing that could redirect a request.
func TestAddress(t *testing.T) {
	c := NewClient(ClientOptions{})
	for address, want := range map[string]string{
		"192.0.2.1": "https://192.0.2.1", "http://192.0.2.1/": "http://192.0.2.1", "bridge.lan:8443": "https://bridge.lan:8443",
		"https://[2001:db8::1]": "https://[2001:db8::1]",
		"":                      "", "ftp://192.0.2.1": "", "http://u:p@192.0.2.1": "", "http://192.0.2.1/api": "", "http://h?x": "", "http://": "", "http://a b": "",
	} {
		b, err := New(address, Key{}, c)
		if want == "" {
			if !errors.Is(err, ErrAddress) {
				t.Errorf("%q: %v", address, err)
			}
		} else if err != nil || b.Address() != want {
			t.Errorf("%q: %v, %v", address, b, err)
		}
	}
}

// A proxy of the environment would answer in the bridge's place.
func TestNoProxy(t *testing.T) {
	l := NewClient(ClientOptions{}).Transport.(*line)
	if l.inner.Proxy != nil || !l.inner.DisableKeepAlives {
		t.Error("the transport obeys proxies or keeps connections")
	}
}

// Printing anything that holds a key shows no secret.
func TestBridgeHidesKey(t *testing.T) {
	b := adapter(t, "http://192.0.2.1", testKey(), ClientOptions{})
	noSecret(t, tell(b))
	noSecret(t, tell(*b.key))
	noSecret(t, tell(struct{ K Key }{testKey()}))
	_, err := New("http://"+testUser+"@x/", testKey(), NewClient(ClientOptions{}))
	noSecret(t, tell(err))
	_, err = b.Light(context.Background(), testUser)
	noSecret(t, tell(err))
}
