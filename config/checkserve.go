package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (d *decoder) checkServe(s Serve) {
	d.checkListen(s.Listen)
	if (s.TLS.Cert == "") != (s.TLS.Key == "") {
		d.wrong("serve.tls", "serve.tls needs both cert and key, or neither")
	}
	if s.URL != "" && !webAddress(s.URL) {
		d.wrong("serve.url", "serve.url %q is not an address: write https:// or http:// and the panel's name", s.URL)
	}
	for i, host := range s.Hosts {
		if host == "" || strings.ContainsAny(host, "/@ ") {
			d.wrong(fmt.Sprintf("serve.hosts[%d]", i), "serve.hosts: %q is not the name of a host, such as lab.example.org", host)
		}
	}
	if s.Store == "" {
		d.wrong("serve.store", "serve.store must name a file")
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
		d.wrong("serve.zone", "serve.zone %q is not a time zone: write its IANA name, such as Europe/Prague", s.Zone)
	}
	for i, q := range s.Quiet {
		if !quietHours(q) {
			d.wrong(fmt.Sprintf("serve.quiet[%d]", i), "serve.quiet: %q is not a time of day; write from and to, such as 22:00-06:00", q)
		}
	}
	d.checkNotify(s.Notify)
}

func (d *decoder) checkListen(listen string) {
	host, port, err := net.SplitHostPort(listen)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 || strings.ContainsAny(host, "/ ") {
		d.wrong("serve.listen", "serve.listen %q is not an address with a port, such as %s", listen, DefaultListen)
	}
}

func (d *decoder) checkNotify(n Notify) {
	for i, w := range n.Webhooks {
		path := fmt.Sprintf("serve.notify.webhooks[%d]", i)
		if !webAddress(w.URL) {
			d.wrong(path+".url", "%s.url %q is not an address: write https:// or http:// and where notices are posted", path, w.URL)
		}
	}
	m := n.Mail
	if m.Host == "" {
		return
	}
	const path = "serve.notify.mail"
	if m.Port < 1 || m.Port > 65535 {
		d.wrong(path+".port", "%s.port %d must be 1 to 65535", path, m.Port)
	}
	if !slices.Contains([]string{"", "starttls", "tls", "plain"}, m.Encryption) {
		d.wrong(path+".encryption", "%s.encryption %q must be starttls, tls or plain", path, m.Encryption)
	}
	if len(m.To) == 0 {
		d.wrong(path+".to", "%s.to is empty: name at least one recipient", path)
	}
	for i, to := range m.To {
		d.checkMailAddress(fmt.Sprintf("%s.to[%d]", path, i), to)
	}
	d.checkMailAddress(path+".from", m.From)
	if (m.User == "") != (m.PasswordFile == "") {
		d.wrong(path+".user", "%s needs both user and password_file, or neither", path)
	}
}

func (d *decoder) checkMailAddress(path, address string) {
	if _, err := mail.ParseAddress(address); err != nil {
		d.wrong(path, "%s %q is not a mail address", path, address)
	}
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

var clockTimes = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$`)

func quietHours(s string) bool {
	from, to, _ := strings.Cut(s, "-")
	return clockTimes.MatchString(s) && from != to
}
