package config

import (
	"strings"
	"testing"
	"time"
)

func TestServeIsCheckedLikeTheRest(t *testing.T) {
	const file = `serve:
  listen: 8088
  tls: {cert: a.pem}
  url: lab
  hosts: [a/b]
  store: ""
  zone: Mars/Base
  quiet: ["22-6", "08:00-08:00"]
  disk: {least_free: much, keep_for: 3 days}
  notify:
    webhooks: [{url: chat}]
    mail: {host: mail.example.org, to: [nobody], user: x, encryption: rot13}
`
	_, err := Parse([]byte(file), "lab.yaml", "/")
	for _, want := range []string{
		`lab.yaml:2:11: serve.listen "8088" is not an address with a port`,
		`serve.tls needs both cert and key`,
		`serve.url "lab" is not an address`,
		`"a/b" is not the name of a host`,
		`serve.store must name a file`,
		`serve.zone "Mars/Base" is not a time zone`,
		`"22-6" is not a time of day`, `"08:00-08:00" is not a time of day`,
		`serve.disk.least_free: "much" is not a size`, `serve.disk.keep_for: "3 days" is not a span`,
		`serve.notify.webhooks[0].url "chat" is not an address`,
		`serve.notify.mail.to[0] "nobody" is not a mail address`, `serve.notify.mail.from "" is not a mail address`,
		`serve.notify.mail.encryption "rot13" must be`,
		`serve.notify.mail needs both user and password_file`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestSizesAndSpans(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "500MB": 5e8, "64MiB": 64 << 20, "1.5 GB": 15e8, "7B": 7} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d, %v, want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "5", "-1GB", "GB", "1e30TB", "NaNB"} {
		if err := new(Size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a size", text)
		}
	}
	for text, want := range map[string]time.Duration{"0": 0, "90d": 90 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "36h": 36 * time.Hour} {
		var s Span
		if err := s.UnmarshalText([]byte(text)); err != nil || time.Duration(s) != want {
			t.Errorf("%q is %v, %v, want %v", text, time.Duration(s), err, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "99999999d", "3"} {
		if err := new(Span).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a span", text)
		}
	}
}

func TestDraftReadsWhatIsThere(t *testing.T) {
	c, ms := Draft([]byte("lab: x\nserve: {zone: Europe/Prague}\ngateways: [{name: a, interface: eth0, macs: ['00:11:22:33:44:55']}]\n"), "x", "/lab")
	if c.Lab != "x" || len(c.Gateways) != 1 || c.Serve.Listen != DefaultListen || c.Serve.Store != "/lab/lab/hueprint.db" || c.Serve.Location().String() != "Europe/Prague" {
		t.Errorf("the draft says %+v", c)
	}
	if len(ms) != 3 || len(ms.Wrong()) != 0 {
		t.Errorf("bridge, light and experiments are missing, and nothing is wrong: %v", ms)
	}
	if _, ms := Draft([]byte("lab: [x\n"), "x", "/"); len(ms.Wrong()) != 1 {
		t.Errorf("what cannot be read is wrong: %v", ms)
	}
}
