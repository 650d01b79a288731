package runs

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/hueprint/hueprint/experiments"
)

// NewID draws a run's ID: a ULID of the instant at, so that IDs sort by time,
// with 80 bits from entropy.
func NewID(at time.Time, entropy io.Reader) (string, error) {
	id, err := ulid.New(ulid.Timestamp(at), entropy)
	if err != nil {
		return "", fmt.Errorf("draw a run ID: %w", err)
	}
	return id.String(), nil
}

// folderName is <date>-<experiment>-<ULID>, the date in UTC.
func folderName(r experiments.Run) string {
	name := r.Plan.Experiment.Name
	if name == "" {
		name = "run"
	}
	return r.Prepared.UTC().Format("2006-01-02") + "-" + safe(name) + "-" + r.ID
}

// safe keeps letters, digits, dot, dash and underscore; everything else becomes
// an underscore, so that the result is one path element on any system.
func safe(name string) string {
	const most = 64
	name = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, name)
	if len(name) > most {
		name = name[:most]
	}
	if name == "" || name[0] == '.' || name[0] == '-' {
		name = "_" + name
	}
	return name
}
