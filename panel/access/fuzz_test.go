package access

import (
	"net/url"
	"testing"
)

// Wherever a browser is sent after a login, it stays on this panel.
func FuzzNext(f *testing.F) {
	for _, next := range []string{"/", "/runs?tag=a", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "/..//evil.example", "/%2f/evil.example", ""} {
		f.Add(next)
	}
	here := &url.URL{Scheme: "http", Host: "panel.example", Path: "/login"}
	f.Fuzz(func(t *testing.T, next string) {
		to, err := here.Parse(local(next))
		if err == nil && (to.Host != here.Host || to.Scheme != here.Scheme) {
			t.Errorf("%q leads to %s", next, to)
		}
	})
}

// What an open panel takes for one of its names is the loopback, whatever is
// around it.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"localhost:1", "[::1]:80", "127.0.0.1", "::ffff:127.0.0.1", "evil.example", "", "[", "]:", "localhost.:80", "[::1%25lo]"} {
		f.Add(host)
	}
	g := &Gate{o: Options{Open: true}}
	f.Fuzz(func(t *testing.T, host string) {
		if !g.named(host) {
			return
		}
		u, err := url.Parse("http://" + host + "/")
		if err != nil {
			return // no browser asks for that
		}
		if name := u.Hostname(); !IsLoopback(name) && name != "localhost." && !IsLoopback(name[:max(0, len(name)-1)]) {
			t.Errorf("%q counts as this computer, and names %q", host, name)
		}
		_ = network(host)
	})
}
