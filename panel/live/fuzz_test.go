package live

import (
	"testing"

	"github.com/hueprint/hueprint/panel/lab"
)

// Whatever ID a reader comes with, it is put at an event of this hub, and told
// when something is lost.
func FuzzAfter(f *testing.F) {
	h := NewHub(16)
	for range 40 {
		h.Publish(lab.KindState, nil)
	}
	for _, after := range []string{"", h.id(40), h.id(24), h.id(23), h.id(41), h.epoch, "0-0", h.epoch + "-00000000000000000000000040", h.epoch + "-+1"} {
		f.Add(after)
	}
	f.Fuzz(func(t *testing.T, after string) {
		at, lost := h.position(after)
		if at > h.last || !lost && after != "" && h.gone(at) {
			t.Errorf("after %q: at %d of %d, lost %v", after, at, h.last, lost)
		}
	})
}
