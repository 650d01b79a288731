package hue

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

const mask = "[hidden]"

// A Key is what pairing gave: the right to command one bridge, and the means to
// recognise it. It never prints its secrets.
type Key struct {
	// BridgeID is the bridge's 16 hexadecimal digits, in lower case.
	BridgeID string
	// Username is the application key, ClientKey the entertainment key (empty on
	// old bridges). Both are secret.
	Username  string
	ClientKey string
	// Pin is the SHA-256 of the bridge's certificate (or of its public key) in
	// hexadecimal; empty when the bridge was paired over plain HTTP.
	Pin string
}

// String tells which bridge the key belongs to.
func (k Key) String() string { return fmt.Sprintf("key of bridge %s %s", k.BridgeID, mask) }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Format prints String for every verb, so that no verb shows the secrets.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON hides the secrets; [SaveKey] alone writes them.
func (k Key) MarshalJSON() ([]byte, error) {
	return json.Marshal(keyFile{BridgeID: k.BridgeID, Username: mask, ClientKey: mask, Pin: k.Pin})
}

// keyFile is the key as [SaveKey] writes it.
type keyFile struct {
	BridgeID  string `json:"bridge_id"`
	Username  string `json:"username"`
	ClientKey string `json:"client_key,omitempty"`
	Pin       string `json:"certificate_sha256,omitempty"`
}

// SaveKey writes the key to a file that only its owner can read, replacing an
// older one in one step.
func SaveKey(path string, k Key) (err error) {
	text, err := json.MarshalIndent(keyFile(k), "", "  ")
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".hue-key-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("save key: %w (make the folder, or choose another)", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(append(text, '\n')); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save key: %w (free some space, then pair again)", err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("save key: %w (choose another file name)", err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// LoadKey reads the file of [SaveKey]. It refuses with [ErrKeyFile] a file that
// others can read, one that is damaged, and one without a key; a missing file
// also matches [fs.ErrNotExist].
func LoadKey(path string) (Key, error) {
	fail := func(err error) (Key, error) { return Key{}, fmt.Errorf("load key %s: %w: %w", path, ErrKeyFile, err) }
	f, err := os.Open(path)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	if loose := info.Mode().Perm() & 0o077; loose != 0 {
		return fail(fmt.Errorf("others can read it, mode %v (chmod 600 %s)", info.Mode().Perm(), path))
	}
	var k keyFile
	if err := json.NewDecoder(f).Decode(&k); err != nil {
		return fail(errors.New("it is not the JSON that pairing writes"))
	}
	if k.Username == "" || k.Username == mask {
		return fail(errors.New("it holds no application key"))
	}
	return Key(k), nil
}
