package hue

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.key")
	if _, err := LoadKey(path); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, ErrKeyFile) {
		t.Errorf("missing file: %v", err)
	}
	want := testKey()
	want.Pin = digest(nil)
	for range 2 { // the second replaces the first
		if err := SaveKey(path, want); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := LoadKey(path); err != nil || got != want {
		t.Errorf("differs after reading: %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	os.Chmod(path, 0o640)
	if _, err := LoadKey(path); !errors.Is(err, ErrKeyFile) || !bytes.Contains([]byte(err.Error()), []byte("chmod 600")) {
		t.Errorf("readable by others: %v", err)
	}
}

func TestDamagedKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.key")
	masked, _ := json.Marshal(testKey())
	for _, text := range []string{"", "{", "null", "[]", `{"bridge_id":"x"}`, string(masked), testUser} {
		os.WriteFile(path, []byte(text), 0o600)
		_, err := LoadKey(path)
		if !errors.Is(err, ErrKeyFile) {
			t.Errorf("%q: %v", text, err)
		}
		noSecret(t, tell(err))
	}
	if err := SaveKey(filepath.Join(path, "x"), testKey()); err == nil {
		t.Error("saved below a file")
	}
}

func TestKeyHidesItself(t *testing.T) {
	k := testKey()
	noSecret(t, tell(k))
	noSecret(t, tell(&k))
	text, err := json.Marshal(map[string]any{"key": k, "pointer": &k})
	if err != nil {
		t.Fatal(err)
	}
	noSecret(t, string(text))
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("paired", "key", k)
	slog.New(slog.NewTextHandler(&out, nil)).Info("paired", "key", &k)
	noSecret(t, out.String())
}
