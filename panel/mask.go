package panel

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
)

// masking is a log that secrets do not get into: tokens and cookies of the
// panel, the secret of the set-up link, and the application keys of bridges,
// which turn up in addresses and so in the texts of errors.
type masking struct{ slog.Handler }

var secrets = []*regexp.Regexp{
	regexp.MustCompile(`hueprint_[A-Za-z0-9_-]{43}`),
	regexp.MustCompile(`(?i)((?:secret|password|hueprint_session|authorization|bearer|hue-application-key)["']?[=: ]+)[^\s&;"']+`),
	regexp.MustCompile(`(/api/)[A-Za-z0-9-]{20,64}`),
}

// mask replaces what looks like a secret.
func mask(text string) string {
	for _, s := range secrets {
		text = s.ReplaceAllString(text, "${1}***")
	}
	return text
}

// Handle masks the record's message and attributes.
func (m masking) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, mask(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(maskAttr(a))
		return true
	})
	return m.Handler.Handle(ctx, clean)
}

// WithAttrs masks them once.
func (m masking) WithAttrs(attrs []slog.Attr) slog.Handler {
	attrs = slices.Clone(attrs)
	for i, a := range attrs {
		attrs[i] = maskAttr(a)
	}
	return masking{m.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the masking.
func (m masking) WithGroup(name string) slog.Handler { return masking{m.Handler.WithGroup(name)} }

func maskAttr(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(mask(a.Value.String()))
	case slog.KindAny:
		a.Value = slog.StringValue(mask(fmt.Sprint(a.Value.Any())))
	case slog.KindGroup:
		group := slices.Clone(a.Value.Group())
		for i, b := range group {
			group[i] = maskAttr(b)
		}
		a.Value = slog.GroupValue(group...)
	}
	return a
}
