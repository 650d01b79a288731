package desk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// ErrGoesOn says that a run cannot be analysed before it has ended.
var ErrGoesOn = errors.New("the run goes on (wait for its end, or stop it)")

// Folder opens a run that the index knows. The path comes from the index, never
// from the request. The error is [store.ErrNotFound] also for a run whose folder
// is gone.
func (d Desk) Folder(ctx context.Context, id string) (store.Run, *runs.Folder, error) {
	entry, err := d.Store.Run(ctx, id)
	if err != nil {
		return entry, nil, fmt.Errorf("open run %.64q: %w", id, err)
	}
	folder, err := runs.Open(entry.Dir)
	if err != nil {
		return entry, nil, fmt.Errorf("open run %s: %w: %w", entry.ID, store.ErrNotFound, err)
	}
	return entry, folder, nil
}

// Annotate adds an operator's note to a run and brings the index up to date.
// Tags and untags are lists as people write them, see [Words].
func (d Desk) Annotate(ctx context.Context, id, by, text, tags, untags string) error {
	return d.AddNote(ctx, id, runs.Note{By: by, Text: text, Tag: Words(tags), Untag: Words(untags)})
}

// AddNote is [Desk.Annotate] for who has the tags one by one.
func (d Desk) AddNote(ctx context.Context, id string, note runs.Note) error {
	entry, folder, err := d.Folder(ctx, id)
	if err != nil {
		return err
	}
	defer folder.Close()
	var ps Problems
	note.At, note.Text = d.Now(), strings.TrimSpace(note.Text)
	checkTags(&ps, note.Tag)
	if note.Text == "" && len(note.Tag)+len(note.Untag) == 0 {
		ps.add("text", "write a note, or name a tag")
	}
	if err := ps.Err(); err != nil {
		return err
	}
	if err := folder.AddNote(note); err != nil {
		if errors.Is(err, runs.ErrBadNote) {
			return Problems{{"text", err.Error()}}
		}
		return err
	}
	return d.Bench.Refresh(ctx, entry.Dir)
}

// Words are the parts of a list that people write with commas.
func Words(list string) []string {
	var words []string
	for _, w := range strings.Split(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// Exploration reads the parameters of an exploratory analysis as people write
// them: a level, a window such as 1.5s or 1.5, and a seed; empty means the
// registered one.
func Exploration(alpha, window, seed string) (analysis.Options, error) {
	var o analysis.Options
	var ps Problems
	var err error
	if alpha = strings.TrimSpace(alpha); alpha != "" {
		if o.Alpha, err = strconv.ParseFloat(alpha, 64); err != nil || !(o.Alpha > 0 && o.Alpha < 1) {
			ps.add("alpha", "α must lie between 0 and 1, such as 0.05")
		}
	}
	if window = strings.TrimSpace(window); window != "" {
		if o.Window, err = Span(window); err != nil || o.Window <= 0 || o.Window > time.Hour {
			ps.add("window", "the window must be a time such as 1.5s, at most 1h")
		}
	}
	if seed = strings.TrimSpace(seed); seed != "" {
		if o.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
			ps.add("seed", "the seed must be a whole number, 0 or more")
		}
	}
	return o, ps.Err()
}

// Explore analyses a run with other parameters; nothing is kept.
func (d Desk) Explore(ctx context.Context, id string, o analysis.Options) (analysis.Findings, []analysis.Trace, error) {
	entry, err := d.Store.Run(ctx, id)
	if err != nil {
		return analysis.Findings{}, nil, fmt.Errorf("analyse run %.64q: %w", id, err)
	}
	if r := d.Bench.State(ctx).Running; r != nil && r.Run == id {
		return analysis.Findings{}, nil, fmt.Errorf("analyse run %s: %w", id, ErrGoesOn)
	}
	return d.Bench.Reanalyze(ctx, entry.Dir, o)
}

// Span reads a time such as 30s, 12h or 7d; a plain number is seconds.
func Span(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return fraction(n, time.Second)
	}
	if days, found := strings.CutSuffix(s, "d"); found {
		if n, err := strconv.ParseFloat(days, 64); err == nil {
			return fraction(n, 24*time.Hour)
		}
	}
	return time.ParseDuration(s)
}

func fraction(n float64, unit time.Duration) (time.Duration, error) {
	if d := n * float64(unit); d >= 0 && d < float64(1<<62) {
		return time.Duration(d), nil
	}
	return 0, fmt.Errorf("%v is no time", n)
}
