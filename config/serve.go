package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Serve is how `hueprint serve` runs: its address, its store, its notices and
// how much room it may take.
type Serve struct {
	// Listen is the address of panel and API. Addresses beyond loopback need an
	// account first.
	Listen string `yaml:"listen" jsonschema:"description=Address of panel and API; beyond loopback an account must exist first."`
	// TLS names the certificate; without it the panel speaks plain HTTP.
	TLS TLS `yaml:"tls" jsonschema:"description=The certificate; without it the panel speaks plain HTTP."`
	// URL is how people reach the panel, for links in notices.
	URL string `yaml:"url" jsonschema:"description=How people reach the panel; for links in notices."`
	// Hosts are further names by which browsers may ask for the panel, such as
	// that of a reverse proxy.
	Hosts []string `yaml:"hosts" jsonschema:"description=Further names by which browsers may ask for the panel."`
	// Store is the file with index, schedules and accounts; relative to the file.
	Store string `yaml:"store" jsonschema:"description=File with index and schedules and accounts; relative to this file."`
	// Zone is the lab's time zone, an IANA name; empty means UTC.
	Zone string `yaml:"zone" jsonschema:"description=The lab's time zone as an IANA name such as Europe/Prague; UTC when left out."`
	// Quiet are times of day, in Zone, at which no schedule begins anything:
	// "22:00-06:00".
	Quiet []string `yaml:"quiet" jsonschema:"description=Times of day at which no schedule begins anything; such as 22:00-06:00."`
	// Disk says how much room recordings may take.
	Disk Disk `yaml:"disk" jsonschema:"description=How much room recordings may take."`
	// Notify says who is told of changed verdicts, failures and a full disk.
	Notify Notify `yaml:"notify" jsonschema:"description=Who is told of changed verdicts and failures and a full disk."`
}

// TLS names a certificate and its key, PEM files relative to the configuration.
type TLS struct {
	Cert string `yaml:"cert" jsonschema:"description=PEM file with the certificate and those that vouch for it."`
	Key  string `yaml:"key" jsonschema:"description=PEM file with its private key."`
}

// Disk bounds what recordings take. The zero Budget and KeepFor remove nothing.
type Disk struct {
	// LeastFree is the room below which no run begins.
	LeastFree Size `yaml:"least_free" jsonschema:"description=Room below which no run begins; such as 1GB."`
	// Budget is what all runs together may take; the oldest are removed beyond it.
	Budget Size `yaml:"budget" jsonschema:"description=What all runs together may take; the oldest are removed beyond it; 0 for no bound."`
	// KeepFor is how long runs are kept.
	KeepFor Span `yaml:"keep_for" jsonschema:"description=How long runs are kept such as 90d; 0 for ever."`
}

// Notify lists who is told.
type Notify struct {
	Webhooks []Webhook `yaml:"webhooks" jsonschema:"description=Addresses that are told by HTTP POST."`
	Mail     Mail      `yaml:"mail" jsonschema:"description=A mail server and whom to write to."`
}

// Webhook is an address that is told by HTTP POST.
type Webhook struct {
	URL string `yaml:"url" jsonschema:"required,description=Where notices are posted."`
	// SecretFile holds the key with which notices are signed (HMAC-SHA-256).
	SecretFile string `yaml:"secret_file" jsonschema:"description=File with the key that signs notices by HMAC-SHA-256."`
	// AllowLocal permits loopback and link-local addresses.
	AllowLocal bool `yaml:"allow_local" jsonschema:"description=Permit loopback and link-local addresses."`
}

// Mail is a mail server and whom to write to; without a host nobody is written to.
type Mail struct {
	Host string `yaml:"host" jsonschema:"description=The mail server; empty sends no mail."`
	Port int    `yaml:"port" jsonschema:"description=587 for STARTTLS (the default); 465 for TLS."`
	// Encryption is starttls (the default), tls (the default at port 465) or plain.
	Encryption string   `yaml:"encryption" jsonschema:"enum=,enum=starttls,enum=tls,enum=plain,description=starttls (the default) or tls or plain."`
	From       string   `yaml:"from" jsonschema:"description=The sender's address."`
	To         []string `yaml:"to" jsonschema:"description=The recipients' addresses."`
	User       string   `yaml:"user" jsonschema:"description=The account at the mail server; empty for none."`
	// PasswordFile holds the password, so that it is not in this file.
	PasswordFile string `yaml:"password_file" jsonschema:"description=File with the password of the account."`
}

// DefaultListen is where the panel is served when no configuration says otherwise.
const DefaultListen = "127.0.0.1:8088"

const (
	defaultStore     = "lab/hueprint.db"
	defaultLeastFree = 1_000_000_000
	defaultMailPort  = 587
)

// serving is what holds where the file says nothing.
func serving() Serve {
	return Serve{Listen: DefaultListen, Store: defaultStore, Disk: Disk{LeastFree: defaultLeastFree},
		Notify: Notify{Mail: Mail{Port: defaultMailPort}}}
}

// Location is the lab's time zone.
func (s Serve) Location() *time.Location {
	if l, err := time.LoadLocation(s.Zone); err == nil {
		return l
	}
	return time.UTC // past Parse the zone is known
}

// A Size is a number of bytes, written with its unit: 500MB, 20GB, 64MiB.
type Size int64

var sizeUnits = []struct {
	unit  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}}

// UnmarshalText reads a number with its unit; 0 needs none.
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := string(text), 0.0
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.unit); ok {
			number, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	bytes := n * factor
	if err != nil || !(n >= 0) || factor == 0 && n != 0 || bytes > math.MaxInt64/2 {
		return fmt.Errorf("%q is not a size; write a number with its unit, such as 500MB, 20GB or 64MiB", text)
	}
	*s = Size(bytes)
	return nil
}

// A Span is a duration that may be given in days or weeks: 90d, 12w, 36h.
type Span time.Duration

// UnmarshalText reads a whole number of days or weeks, or what
// [time.ParseDuration] reads.
func (s *Span) UnmarshalText(text []byte) error {
	const day = 24 * time.Hour
	const most = 100 * 365
	for suffix, days := range map[string]int{"d": 1, "w": 7} {
		if number, ok := strings.CutSuffix(string(text), suffix); ok {
			if n, err := strconv.Atoi(number); err == nil && n >= 0 && n <= most/days {
				*s = Span(time.Duration(n*days) * day)
				return nil
			}
		}
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a span of time; write a number with its unit, such as 90d, 12w or 36h", text)
	}
	*s = Span(d)
	return nil
}
