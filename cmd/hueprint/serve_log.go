package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/hueprint/hueprint/traffic/redact"
)

// newLog writes to w, lines for people on a terminal and JSON for programs
// elsewhere. Keys, passwords and cookies are masked, wherever they stand.
func newLog(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{ReplaceAttr: maskSecrets}
	if _, tty := terminal(w); tty {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

func maskSecrets(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(redact.Secrets(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(redact.Secrets(v.Error()))
		case fmt.Stringer:
			a.Value = slog.StringValue(redact.Secrets(v.String()))
		}
	}
	return a
}
