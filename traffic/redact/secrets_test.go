package redact

import (
	"strings"
	"testing"

	"github.com/hueprint/hueprint/traffic"
)

func TestSecretsAreMasked(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"PUT http://192.168.1.2/api/ABCDEFGHIJ0123456789/lights/1/state: EOF", "PUT http://192.168.1.2/api/[hidden]/lights/1/state: EOF"},
		{"GET /api/0123456789abcdef", "GET /api/[hidden]"},
		{"http://user:pass@bridge/x", "http://[hidden]@bridge/x"},
		{"Authorization: Bearer abc.def\r\nHost: x", "Authorization: [hidden]\r\nHost: x"},
		{"Cookie: a=b; c=d", "Cookie: [hidden]"},
		{"hue-application-key: abcdef", "hue-application-key: [hidden]"},
		{`{"username":"abcdef","clientkey": "123"}`, `{"username":"[hidden]","clientkey": "[hidden]"}`},
		{"?access_token=abc&x=1", "?access_token=[hidden]&x=1"},
		{"light 1 of 192.168.1.2 does not answer", "light 1 of 192.168.1.2 does not answer"},
		{"GET /api/config", "GET /api/config"},
	} {
		if got := Secrets(c.text); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.text, got, c.want)
		}
		if got := Secrets(c.want); got != c.want {
			t.Errorf("masked twice, %q becomes %q", c.want, got)
		}
	}
}

func FuzzSecrets(f *testing.F) {
	f.Add("http://a:b@c/api/", "0123456789abcdef")
	f.Fuzz(func(t *testing.T, before, key string) {
		if len(key) < 8 || strings.Trim(key, "0123456789abcdefghijklmnopqrstuvwxyz") != "" || strings.Contains(before, key) {
			t.Skip()
		}
		if got := Secrets(before + "/api/" + key + "/lights"); strings.Contains(got, key) {
			t.Errorf("the key is left in %q", got)
		}
	})
}

func BenchmarkKeeper(b *testing.B) {
	// a full TCP segment inside a TLS record
	data := make([]byte, 1454)
	copy(data, "\x00\x17\x88\x01\x02\x03\x00\x17\x88\x01\x02\x04\x08\x00\x45\x00\x05\xa0\x00\x01\x00\x00\x40\x06\x00\x00\xc0\xa8\x01\x02\xc6\x33\x64\x07\x9c\x41\x01\xbb\x00\x00\x00\x01\x00\x00\x00\x00\x50\x10")
	for i := range data[54:] {
		data[54+i] = byte(i * 7)
	}
	k := NewKeeper("records")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		k.Frame(traffic.Frame{Link: traffic.LinkEthernet, Data: data, Wire: len(data)})
	}
}
