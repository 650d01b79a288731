package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"os"
	"strconv"
	"strings"
	"time"
)

// An Encryption says how the way to the mail server is protected.
type Encryption string

// StartTLS, the default, asks for TLS before anything is said and refuses a
// server that does not offer it. ImplicitTLS begins with TLS (port 465). Plain
// uses none, for a relay that wants no password; one is never sent over it.
const (
	StartTLS    Encryption = "starttls"
	ImplicitTLS Encryption = "tls"
	Plain       Encryption = "plain"
)

// Mail writes to people by way of a mail server (RFC 5321).
type Mail struct {
	Host string
	Port int // 0 means 587, or 465 with ImplicitTLS, or 25 with Plain
	// Encryption is StartTLS when empty; ImplicitTLS when empty and Port is 465.
	Encryption Encryption
	// User and Password are for the server; empty means that it wants none.
	User     string
	Password Secret
	// From and To are addresses, with or without names (RFC 5322).
	From string
	To   []string
	// Roots vouch for the server's certificate; nil means the system's.
	Roots *x509.CertPool
	// Timeout is for the whole delivery (default 30 s).
	Timeout time.Duration
}

// Send delivers the message to all recipients, once: whether a server has taken
// a message whose answer was lost cannot be known, and it keeps those that it has
// taken.
func (l Mail) Send(ctx context.Context, m Message) error {
	from, to, err := l.addresses()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(l.Timeout, 30*time.Second))
	defer cancel()
	if err = l.deliver(ctx, from, to, letter(from, to, m)); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return masked(fmt.Errorf("mail by %s: %w", l.Host, err), l.secrets()...)
	}
	return nil
}

func (l Mail) addresses() (from *mail.Address, to []*mail.Address, err error) {
	if from, err = mail.ParseAddress(l.From); err != nil {
		return nil, nil, fmt.Errorf("mail: sender %.80q: %w", l.From, err)
	}
	if l.Host == "" || len(l.To) == 0 {
		return nil, nil, errors.New("mail: no server or no recipient is given (set host and to)")
	}
	for _, text := range l.To {
		a, err := mail.ParseAddress(text)
		if err != nil {
			return nil, nil, fmt.Errorf("mail: recipient %.80q: %w", text, err)
		}
		to = append(to, a)
	}
	return from, to, nil
}

// deliver speaks with the server; when ctx ends the connection is closed.
func (l Mail) deliver(ctx context.Context, from *mail.Address, to []*mail.Address, letter []byte) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, err := smtp.NewClient(conn, l.Host)
	if err != nil {
		conn.Close()
		return err
	}
	defer client.Close()
	if err := l.introduce(client); err != nil {
		return err
	}
	if err := client.Mail(from.Address); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	refused := recipients(client, to)
	if len(refused) == len(to) {
		return errors.Join(refused...)
	}
	return errors.Join(append(refused, write(client, letter))...)
}

// recipients names them; those that the server refuses do not keep the others
// from theirs.
func recipients(client *smtp.Client, to []*mail.Address) (refused []error) {
	for _, a := range to {
		if err := client.Rcpt(a.Address); err != nil {
			refused = append(refused, fmt.Errorf("recipient %s: %w", a.Address, err))
		}
	}
	return refused
}

func write(client *smtp.Client, letter []byte) error {
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err = w.Write(letter); err != nil {
		return err
	}
	if err = w.Close(); err != nil {
		return err
	}
	_ = client.Quit() // the server has taken the message
	return nil
}

func (l Mail) dial(ctx context.Context) (net.Conn, error) {
	address := net.JoinHostPort(l.Host, strconv.Itoa(l.port()))
	if l.encryption() == ImplicitTLS {
		return (&tls.Dialer{Config: l.tls()}).DialContext(ctx, "tcp", address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// introduce says who we are: to nobody before TLS, and a password to nobody
// without it.
func (l Mail) introduce(client *smtp.Client) error {
	if name, err := os.Hostname(); err == nil && !strings.ContainsAny(name, "\r\n ") {
		if err := client.Hello(name); err != nil {
			return err
		}
	}
	switch l.encryption() {
	case StartTLS:
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return errors.New("the server offers no STARTTLS (use port 465 with TLS, or plain without a password if the relay is trusted)")
		}
		if err := client.StartTLS(l.tls()); err != nil {
			return fmt.Errorf("STARTTLS: %w", err)
		}
	case Plain, ImplicitTLS:
	default:
		return fmt.Errorf("encryption %.20q is not known (write starttls, tls or plain)", l.Encryption)
	}
	if l.User == "" {
		return nil
	}
	if _, encrypted := client.TLSConnectionState(); !encrypted {
		return errors.New("a password is not sent without TLS (use starttls or tls, or leave out user)")
	}
	if err := client.Auth(smtp.PlainAuth("", l.User, string(l.Password), l.Host)); err != nil {
		return fmt.Errorf("log in as %s: %w", l.User, err)
	}
	return nil
}

func (l Mail) tls() *tls.Config {
	return &tls.Config{ServerName: l.Host, RootCAs: l.Roots, MinVersion: tls.VersionTLS12}
}

func (l Mail) encryption() Encryption {
	if l.Encryption == "" && l.Port == 465 {
		return ImplicitTLS
	}
	return cmp.Or(l.Encryption, StartTLS)
}

func (l Mail) port() int {
	return cmp.Or(l.Port, map[Encryption]int{ImplicitTLS: 465, Plain: 25}[l.encryption()], 587)
}

// secrets are the password as it is, and as it is sent.
func (l Mail) secrets() []string {
	if l.Password == "" {
		return nil
	}
	sent := "\x00" + l.User + "\x00" + string(l.Password)
	return []string{string(l.Password), base64.StdEncoding.EncodeToString([]byte(sent)), base64.StdEncoding.EncodeToString([]byte(l.Password))}
}

// letter writes the message (RFC 5322, MIME). Whatever the message holds, each
// header is one line and the body is quoted-printable.
func letter(from *mail.Address, to []*mail.Address, m Message) []byte {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	names := make([]string, len(to))
	for i, a := range to {
		names[i] = a.String()
	}
	header("From", from.String())
	header("To", strings.Join(names, ",\r\n "))
	header("Subject", folded(mime.QEncoding.Encode("utf-8", oneLine(m.Subject, 200))))
	header("Date", m.At.Format(time.RFC1123Z))
	header("Message-ID", messageID(from.Address))
	header("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	_, _ = body.Write([]byte(text(m))) // a buffer takes everything
	_ = body.Close()
	return b.Bytes()
}

// folded puts each encoded word on a line of its own, as lines have a limit.
func folded(encoded string) string { return strings.ReplaceAll(encoded, "?= =?", "?=\r\n =?") }

// text is the body: what happened, and where to read on.
func text(m Message) string {
	parts := []string{strings.ToValidUTF8(m.Text, "\uFFFD")}
	if m.Run != "" {
		parts = append(parts, "Run: "+oneLine(m.Run, 200))
	}
	if m.URL != "" {
		parts = append(parts, oneLine(m.URL, 2000))
	}
	return strings.ReplaceAll(strings.Join(parts, "\n\n"), "\r", "") + "\n"
}

func messageID(from string) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	domain := from[strings.LastIndexByte(from, '@')+1:]
	return "<" + hex.EncodeToString(random[:]) + "@" + domain + ">"
}
