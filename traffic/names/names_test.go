package names_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/traffic/names"
)

var (
	t0   = time.Unix(1_000_000, 0)
	addr = netip.MustParseAddr("198.51.100.7")
)

// answer is a response in which www is an alias of an address at a CDN.
func answer(t testing.TB, question string, a netip.Addr) []byte {
	t.Helper()
	q := dnsmessage.MustNewName(question)
	alias := dnsmessage.MustNewName("edge.cdn.example.")
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{Response: true})
	b.EnableCompression()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(b.StartQuestions())
	check(b.Question(dnsmessage.Question{Name: q, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}))
	check(b.StartAnswers())
	check(b.CNAMEResource(dnsmessage.ResourceHeader{Name: q, Class: dnsmessage.ClassINET}, dnsmessage.CNAMEResource{CNAME: alias}))
	h := dnsmessage.ResourceHeader{Name: alias, Class: dnsmessage.ClassINET}
	if a.Is4() {
		check(b.AResource(h, dnsmessage.AResource{A: a.As4()}))
	} else {
		check(b.AAAAResource(h, dnsmessage.AAAAResource{AAAA: a.As16()}))
	}
	m, err := b.Finish()
	check(err)
	return m
}

func TestAliasesAreCalledByTheQuestion(t *testing.T) {
	for _, a := range []netip.Addr{addr, netip.MustParseAddr("2001:db8::7")} {
		var b names.Book
		b.LearnDNS(answer(t, "WWW.Example.com.", a), t0)
		if got := b.Name(a, t0); got != "www.example.com" {
			t.Errorf("%v is called %q", a, got)
		}
	}
}

func TestMulticastAnswersAreCalledByTheirRecord(t *testing.T) {
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{Response: true})
	if err := b.StartAnswers(); err != nil {
		t.Fatal(err)
	}
	h := dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("Philips-hue.local."), Class: dnsmessage.ClassINET | 1<<15}
	if err := b.AResource(h, dnsmessage.AResource{A: addr.As4()}); err != nil {
		t.Fatal(err)
	}
	m, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var book names.Book
	book.LearnDNS(m, t0)
	if got := book.Name(addr, t0); got != "philips-hue.local" {
		t.Errorf("called %q", got)
	}
}

func TestNamesAnswerByTime(t *testing.T) {
	var b names.Book
	b.Learn(addr, "old.example", t0.Add(10*time.Second))
	b.Learn(addr, "old.example", t0.Add(20*time.Second))
	b.Learn(addr, "new.example", t0.Add(30*time.Second))
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "old.example"}, {10 * time.Second, "old.example"}, {29 * time.Second, "old.example"}, {30 * time.Second, "new.example"}, {time.Hour, "new.example"}} {
		if got := b.Name(addr, t0.Add(c.after)); got != c.want {
			t.Errorf("after %v: %q, want %q", c.after, got, c.want)
		}
	}
	if got := b.Name(netip.MustParseAddr("203.0.113.1"), t0); got != "" {
		t.Errorf("an unknown address is called %q", got)
	}
	if got := b.Name(netip.MustParseAddr("::ffff:198.51.100.7"), t0); got != "old.example" {
		t.Errorf("the mapped address is called %q", got)
	}
}

func TestServersAreCalledByTheirClients(t *testing.T) {
	var b names.Book
	server := netip.AddrPortFrom(addr, 443)
	b.LearnServer(server, "API.example", t0)
	if got := b.Server(server, t0.Add(-time.Hour)); got != "api.example" {
		t.Errorf("called %q", got)
	}
	if got := b.Server(netip.AddrPortFrom(addr, 8883), t0); got != "" {
		t.Errorf("another port is called %q", got)
	}
}

func TestQuestions(t *testing.T) {
	q := func(name string, kind dnsmessage.Type) dnsmessage.Question {
		return dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}
	}
	m := dnsmessage.Message{Questions: []dnsmessage.Question{q("A.example.", dnsmessage.TypeAAAA), q("b.example.", 65), q("c.example.", 4000)}}
	query, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range names.Questions(query) {
		got = append(got, x.String())
	}
	if want := []string{"a.example AAAA", "b.example HTTPS", "c.example TYPE4000"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	m.Response = true
	response, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if got := names.Questions(response); got != nil {
		t.Errorf("a response asks %v", got)
	}
}

func TestCleanEscapesWhatIsHostile(t *testing.T) {
	for in, want := range map[string]string{
		"Example.COM.":           "example.com",
		"Küche._hue._tcp.local.": "küche._hue._tcp.local",
		"a b\tc\nd":              `a\032b\009c\010d`,
		"\x1b[31mred":            `\027[31mred`,
		"\xff\xfe":               `\255\254`,
		`back\slash`:             `back\\slash`,
		"right\u202eleft":        `right\226\128\174left`,
		"</script>":              "</script>",
	} {
		if got := names.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := names.Clean(strings.Repeat("\x00", 1<<20)); len(got) > 4*255+4 {
		t.Errorf("a name of %d bytes", len(got))
	}
}

func FuzzLearnDNS(f *testing.F) {
	f.Add(answer(f, "www.example.com.", addr))
	f.Add(answer(f, "www.example.com.", addr)[:40])
	f.Fuzz(func(t *testing.T, message []byte) {
		var b names.Book
		b.LearnDNS(message, t0)
		for _, q := range names.Questions(message) {
			if !utf8.ValidString(q.String()) {
				t.Errorf("question %q", q)
			}
		}
		if name := b.Name(addr, t0); !utf8.ValidString(name) || strings.ContainsAny(name, "\n\t\x1b ") {
			t.Errorf("name %q", name)
		}
	})
}
