package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/store"
)

// PutRun enters a run, or replaces its entry.
func (db *DB) PutRun(ctx context.Context, r store.Run) error {
	return explain("enter run "+r.ID, db.within(ctx, func(tx *sql.Tx) error { return putRun(ctx, tx, r) }))
}

func putRun(ctx context.Context, tx *sql.Tx, r store.Run) error {
	entry, err := json.Marshal(r)
	if err != nil {
		return err
	}
	const upsert = `INSERT INTO runs (id, dir, entry, prepared, experiment, gateways, verdict, p, duration, schedule, ending, attention, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET dir = excluded.dir, entry = excluded.entry, prepared = excluded.prepared,
			experiment = excluded.experiment, gateways = excluded.gateways, verdict = excluded.verdict, p = excluded.p,
			duration = excluded.duration, schedule = excluded.schedule, ending = excluded.ending,
			attention = excluded.attention, search = excluded.search`
	_, err = tx.ExecContext(ctx, upsert, r.ID, r.Dir, string(entry), nanos(r.Prepared), r.Experiment, strings.Join(r.Gateways, ", "),
		audience(r), leastP(r), int64(duration(r)), r.Schedule, string(r.Ending), r.Attention, search(r))
	if err != nil {
		return err
	}
	for _, table := range []string{"run_gateways", "run_tags"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE run = $1", r.ID); err != nil {
			return err
		}
	}
	return putParts(ctx, tx, r)
}

// putParts enters what a run has several of.
func putParts(ctx context.Context, tx *sql.Tx, r store.Run) error {
	for _, part := range gatewayVerdicts(r) {
		const insert = "INSERT INTO run_gateways (run, gateway, verdict) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
		if _, err := tx.ExecContext(ctx, insert, r.ID, part[0], part[1]); err != nil {
			return err
		}
	}
	for _, tag := range r.Tags {
		const insert = "INSERT INTO run_tags (run, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING"
		if _, err := tx.ExecContext(ctx, insert, r.ID, tag); err != nil {
			return err
		}
	}
	return nil
}

// gatewayVerdicts are the run's gateways with their verdicts, empty for those
// that have none.
func gatewayVerdicts(r store.Run) (all [][2]string) {
	for _, v := range r.Verdicts {
		all = append(all, [2]string{v.Gateway, string(v.Verdict)})
	}
	for _, g := range r.Gateways {
		if !slices.ContainsFunc(r.Verdicts, func(v store.RunVerdict) bool { return v.Gateway == g }) {
			all = append(all, [2]string{g, ""})
		}
	}
	return all
}

// audience ranks the verdict with the widest audience.
func audience(r store.Run) int {
	ranks := []analysis.Conclusion{analysis.Inconclusive, analysis.NotDetected, analysis.LANVisible, analysis.CloudVisible}
	most := 0
	for _, v := range r.Verdicts {
		most = max(most, 1+slices.Index(ranks, v.Verdict))
	}
	return most
}

// leastP is the smallest p; above any without one.
func leastP(r store.Run) float64 {
	least := 2.0
	for _, v := range r.Verdicts {
		if v.P != nil {
			least = min(least, *v.P)
		}
	}
	return least
}

func duration(r store.Run) time.Duration {
	if r.Started.IsZero() || r.Ended.IsZero() {
		return 0
	}
	return r.Ended.Sub(r.Started)
}

// search is the text in which a query's text is looked for.
func search(r store.Run) string {
	words := slices.Concat([]string{r.ID, r.Experiment, r.Cause}, r.Gateways, r.Tags)
	return strings.ToLower(strings.Join(words, "\x1f"))
}

// Run returns an entry.
func (db *DB) Run(ctx context.Context, id string) (store.Run, error) {
	r, err := scanRun(db.sql.QueryRowContext(ctx, "SELECT dir, entry FROM runs WHERE id = $1", id))
	return r, explain("run "+quoted(id), err)
}

// RemoveRun takes an entry out.
func (db *DB) RemoveRun(ctx context.Context, id string) error {
	_, err := db.sql.ExecContext(ctx, "DELETE FROM runs WHERE id = $1", id)
	return explain("take out run "+quoted(id), err)
}

// RunFacets returns what filters can offer.
func (db *DB) RunFacets(ctx context.Context) (f store.Facets, err error) {
	for _, facet := range []struct {
		values *[]string
		query  string
	}{
		{&f.Gateways, "SELECT DISTINCT gateway FROM run_gateways ORDER BY gateway"},
		{&f.Verdicts, "SELECT DISTINCT verdict FROM run_gateways WHERE verdict <> '' ORDER BY verdict"},
		{&f.Tags, "SELECT DISTINCT tag FROM run_tags ORDER BY tag"},
		{&f.Experiments, "SELECT DISTINCT experiment FROM runs WHERE experiment <> '' ORDER BY experiment"},
	} {
		*facet.values, err = collect(ctx, db.sql, func(row scanner) (s string, err error) { return s, row.Scan(&s) }, facet.query)
		if err != nil {
			return f, explain("list what runs can be filtered by", err)
		}
	}
	return f, nil
}

func scanRun(row scanner) (r store.Run, err error) {
	var dir, entry string
	if err := row.Scan(&dir, &entry); err != nil {
		return r, err
	}
	err = json.Unmarshal([]byte(entry), &r)
	r.Dir, r.Gateways, r.Tags = dir, present(r.Gateways), present(r.Tags)
	if r.Verdicts == nil {
		r.Verdicts = []store.RunVerdict{}
	}
	return r, err
}

// present is the list, empty instead of nil.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
