package simulator

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// hush is a log that hears nothing any more once the lab is closing: programs
// that end at one moment lose one another in any order, and that is no failure.
type hush struct {
	slog.Handler
	closing *atomic.Bool
}

// Enabled tells that nothing is to be said while the lab closes.
func (h hush) Enabled(ctx context.Context, level slog.Level) bool {
	return !h.closing.Load() && h.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the hush.
func (h hush) WithAttrs(attrs []slog.Attr) slog.Handler {
	return hush{h.Handler.WithAttrs(attrs), h.closing}
}

// WithGroup keeps the hush.
func (h hush) WithGroup(name string) slog.Handler { return hush{h.Handler.WithGroup(name), h.closing} }
