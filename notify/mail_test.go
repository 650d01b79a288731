package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// office is a small mail server on loopback that keeps what it is told.
type office struct {
	Mail     // how to reach it
	listener net.Listener
	cert     *httptest.Server
	implicit bool
	offers   []string          // extensions, in place of STARTTLS and AUTH
	answers  map[string]string // to a verb, in place of the usual answer

	mu      sync.Mutex
	dialog  []string // "S " before lines that came by TLS
	letters []string
}

func newOffice(t *testing.T, implicit bool) *office {
	o := &office{cert: httptest.NewTLSServer(http.NotFoundHandler()), implicit: implicit, offers: []string{"STARTTLS", "AUTH PLAIN"}, answers: map[string]string{}}
	t.Cleanup(o.cert.Close)
	var err error
	if o.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.listener.Close() })
	o.Mail = Mail{Host: "127.0.0.1", Port: o.listener.Addr().(*net.TCPAddr).Port, From: "Lab <lab@example.org>", To: []string{"a@example.org", "Žofie <b@example.org>"}, Roots: roots(o.cert), Timeout: 5 * time.Second}
	if implicit {
		o.Encryption = ImplicitTLS
	}
	go func() {
		for {
			conn, err := o.listener.Accept()
			if err != nil {
				return
			}
			go o.serve(conn)
		}
	}()
	return o
}

func (o *office) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	secure := false
	start := func() {
		conn = tls.Server(conn, &tls.Config{Certificates: o.cert.TLS.Certificates})
		secure = true
	}
	if o.implicit {
		start()
	}
	in := bufio.NewReader(conn)
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	say("220 office")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		o.note(line, secure)
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		answer, ok := o.answers[strings.ToUpper(line)]
		if !ok {
			answer, ok = o.answers[verb]
		}
		if ok {
			say(answer)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-office")
			for _, e := range o.offers {
				if e != "STARTTLS" || !secure {
					say("250-" + e)
				}
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go")
			start()
			in = bufio.NewReader(conn)
		case "AUTH":
			say("235 in")
		case "DATA":
			say("354 go on")
			text, err := textproto.NewReader(in).ReadDotBytes()
			if err != nil {
				return
			}
			o.mu.Lock()
			o.letters = append(o.letters, string(text))
			o.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (o *office) note(line string, secure bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if secure {
		line = "S " + line
	}
	o.dialog = append(o.dialog, line)
}

func (o *office) heard() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.dialog, "\n")
}

func TestMailIsDelivered(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		o := newOffice(t, implicit)
		o.User, o.Password = "lab", "P0SECRET"
		m := message
		m.Subject = "Rozsvíceno: 検出 " + strings.Repeat("ž", 150)
		m.Text = "Řádek\n.\n.dot\nMAIL FROM:<x>\n" + strings.Repeat("long ", 400)
		if err := o.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		letter, err := mail.ReadMessage(strings.NewReader(o.letters[0]))
		if err != nil {
			t.Fatal(err)
		}
		subject, _ := new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
		body, err := io.ReadAll(quotedprintable.NewReader(letter.Body))
		if subject != m.Subject || err != nil || !strings.HasPrefix(string(body), m.Text) || !strings.Contains(string(body), m.URL) {
			t.Errorf("subject %q, body %q: %v", subject, body, err)
		}
		to, err := letter.Header.AddressList("To")
		if err != nil || len(to) != 2 || to[1].Name != "Žofie" {
			t.Errorf("to %v: %v", to, err)
		}
		if date, err := letter.Header.Date(); err != nil || !date.Equal(m.At) {
			t.Errorf("date %v: %v", date, err)
		}
		for _, line := range strings.Split(o.letters[0], "\n") {
			if len(line) > 500 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
		for _, line := range strings.Split(o.heard(), "\n") {
			if !strings.HasPrefix(line, "S ") && !strings.HasPrefix(line, "EHLO") && line != "STARTTLS" {
				t.Errorf("said without TLS: %s", line)
			}
		}
		if want := "S AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00lab\x00P0SECRET")); !strings.Contains(o.heard(), want) {
			t.Errorf("not logged in:\n%s", o.heard())
		}
	}
}

func TestAPasswordIsNotSentWithoutTLS(t *testing.T) {
	for name, set := range map[string]func(*office){
		"no STARTTLS is offered":    func(o *office) { o.offers = []string{"AUTH PLAIN"} },
		"STARTTLS is refused":       func(o *office) { o.answers["STARTTLS"] = "454 not now" },
		"plain, even on loopback":   func(o *office) { o.Encryption = Plain },
		"the certificate is forged": func(o *office) { o.Roots = nil },
		"another name":              func(o *office) { o.Host = "localhost" },
		"an unknown encryption":     func(o *office) { o.Encryption = "rot13" },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, false)
			o.User, o.Password = "lab", "P0SECRET"
			set(o)
			err := o.Send(t.Context(), message)
			if err == nil || strings.Contains(o.heard(), "AUTH") || strings.Contains(o.heard(), "MAIL") {
				t.Errorf("%v:\n%s", err, o.heard())
			}
		})
	}
}

func TestAPlainRelayNeedsNoPassword(t *testing.T) {
	o := newOffice(t, false)
	o.Encryption = Plain
	if err := o.Send(t.Context(), message); err != nil || len(o.letters) != 1 {
		t.Error(err)
	}
}

func TestMailErrorsTellNoPassword(t *testing.T) {
	o := newOffice(t, false)
	o.User, o.Password = "lab", "\"P0SECRET\""
	sent := base64.StdEncoding.EncodeToString([]byte("\x00lab\x00\"P0SECRET\""))
	o.answers["AUTH"] = "535 wrong: \"P0SECRET\" " + sent + "\x1b[2J"
	err := o.Send(t.Context(), message)
	if err == nil || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "0SECRET") || strings.Contains(err.Error(), sent) || strings.Contains(err.Error(), "\x1b") {
		t.Error(err)
	}
	if text := fmt.Sprintf("%+v %#v", o.Mail, o.Mail); strings.Contains(text, "0SECRET") {
		t.Error(text)
	}
}

func TestAMailServerThatHangsOrRefuses(t *testing.T) {
	o := newOffice(t, false)
	o.answers["RCPT TO:<A@EXAMPLE.ORG>"] = "550 nobody"
	if err := o.Send(t.Context(), message); err == nil || !strings.Contains(err.Error(), "recipient a@example.org: 550") || len(o.letters) != 1 {
		t.Errorf("one recipient of two: %v, %d letters", err, len(o.letters))
	}
	o.answers["RCPT"] = "550 nobody"
	if err := o.Send(t.Context(), message); err == nil || len(o.letters) != 1 {
		t.Errorf("no recipient: %v, %d letters", err, len(o.letters))
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	o.Port, o.Timeout = silent.Addr().(*net.TCPAddr).Port, 30*time.Millisecond
	began := time.Now()
	if err := o.Send(t.Context(), message); err == nil || time.Since(began) > 3*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Send(ctx, message); err == nil {
		t.Error("sent")
	}
	for _, bad := range []Mail{{}, {Host: "x", From: "lab@example.org"}, {Host: "x", From: "a@b\r\nBcc: c@d", To: []string{"a@b"}}, {Host: "x", From: "a@b", To: []string{"a@b>\r\nRCPT TO:<c@d"}}} {
		if err := bad.Send(t.Context(), message); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// Whatever a message says, its letter has our headers and no others.
func TestNoHeaderCanBeInjected(t *testing.T) {
	from, to := &mail.Address{Address: "lab@example.org"}, []*mail.Address{{Name: "a", Address: "a@example.org"}}
	rapid.Check(t, func(t *rapid.T) {
		nasty := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\r\nBcc: x@y", "a\nX: y", "\r\n\r\nbody", "=?utf-8?q?=0D=0ABcc:_x?=", "\u2028X: y", strings.Repeat("ž", 5000), strings.Repeat("x", 5000)}))
		m := Message{Subject: nasty.Draw(t, "subject"), Text: nasty.Draw(t, "text"), Run: nasty.Draw(t, "run"), URL: nasty.Draw(t, "url"), At: message.At}
		raw := string(letter(from, to, m))
		for _, line := range strings.Split(raw, "\r\n") {
			if len(line) > 500 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("line %q", line)
			}
		}
		got, err := mail.ReadMessage(strings.NewReader(raw))
		if err != nil || len(got.Header) != 9 || got.Header.Get("Bcc") != "" {
			t.Fatalf("%v: %v", err, got)
		}
	})
}
