package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// cost are the parameters of argon2id (RFC 9106). A password's hash holds those
// that it was made with, so that they can grow later.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// Those that OWASP's password storage cheat sheet recommends first; about 30 ms
// of one core, so that a login does not disturb a run.
var presentCost = cost{memory: 19 << 10, passes: 2, threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
)

// ErrBusy says that too many passwords are being checked at once.
var ErrBusy = errors.New("too many logins at once (try again in a few seconds)")

// A hasher makes and checks password hashes, one at a time: the cost that
// defends a stolen store must not become a means to take the machine away from
// the run that it carries out.
type hasher struct {
	cost cost
	turn chan struct{} // holds one: whose turn it is
	line chan struct{} // those who wait or work
}

const (
	longestLine = 16
	longestWait = 5 * time.Second
)

func newHasher(c cost) *hasher {
	return &hasher{cost: c, turn: make(chan struct{}, 1), line: make(chan struct{}, longestLine)}
}

// admit waits for one's turn; done gives it back.
func (h *hasher) admit(ctx context.Context) (done func(), err error) {
	select {
	case h.line <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	select {
	case h.turn <- struct{}{}:
		return func() { <-h.turn; <-h.line }, nil
	case <-ctx.Done():
		<-h.line
		return nil, ErrBusy
	}
}

// hash makes the text that an account keeps, in the usual PHC form.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.admit(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	return encode(h.cost, salt, derive(h.cost, password, salt, keyBytes)), nil
}

// matches tells whether a password is the one of the hash. It takes the same
// time for a wrong password and, with [hasher.nobodys], for an unknown name.
func (h *hasher) matches(ctx context.Context, password, encoded string) (bool, error) {
	c, salt, key, err := decode(encoded)
	if err != nil {
		return false, err
	}
	done, err := h.admit(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	return subtle.ConstantTimeCompare(derive(c, password, salt, len(key)), key) == 1, nil
}

// nobodys is a hash that no password has: its key is random.
func (h *hasher) nobodys() string {
	b := make([]byte, saltBytes+keyBytes)
	rand.Read(b)
	return encode(h.cost, b[:saltBytes], b[saltBytes:])
}

func derive(c cost, password string, salt []byte, size int) []byte {
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, uint32(size))
}

const phc = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

func encode(c cost, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf(phc, argon2.Version, c.memory, c.passes, c.threads) + b.EncodeToString(salt) + "$" + b.EncodeToString(key)
}

// errHash says that a kept hash is none; its text is for the log.
var errHash = errors.New("the account's password hash cannot be read (set the password again)")

// decode reads a hash. Its cost is bounded, so that a damaged store cannot ask
// for all memory.
func decode(encoded string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 {
		return c, nil, nil, errHash
	}
	version := 0
	_, err = fmt.Sscanf(strings.Join(parts[:4], "$")+"$", phc, &version, &c.memory, &c.passes, &c.threads)
	if err != nil || version != argon2.Version || c.memory < 8 || c.memory > 1<<20 || c.passes < 1 || c.passes > 64 || c.threads < 1 {
		return c, nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, errHash
	}
	return c, salt, key, nil
}
