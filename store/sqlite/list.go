package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/hueprint/hueprint/store"
)

// where collects the conditions of a query with their arguments.
type where struct {
	conditions []string
	args       []any
}

// and adds a condition, in which each ? stands for the next argument.
func (w *where) and(condition string, args ...any) {
	for _, arg := range args {
		w.args = append(w.args, arg)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.conditions = append(w.conditions, condition)
}

func (w *where) clause() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// ListRuns returns a page.
func (db *DB) ListRuns(ctx context.Context, q store.RunQuery) (store.RunPage, error) {
	page, err := db.listRuns(ctx, q)
	return page, explain("list runs", err)
}

func (db *DB) listRuns(ctx context.Context, q store.RunQuery) (page store.RunPage, err error) {
	q, err = q.Checked()
	if err != nil {
		return page, err
	}
	w := chosen(q)
	if err := db.sql.QueryRowContext(ctx, "SELECT count(*) FROM runs"+w.clause(), w.args...).Scan(&page.Total); err != nil {
		return page, err
	}
	column, list := orderOf(q)
	if page.Total == 0 && q.After == "" {
		page.Runs = []store.Run{}
		return page, nil
	}
	if err := w.after(q, column, list); err != nil {
		return page, err
	}
	direction := " DESC"
	if q.Ascending {
		direction = " ASC"
	}
	query := fmt.Sprintf("SELECT dir, entry FROM runs%s ORDER BY %s%s, id%s LIMIT %d", w.clause(), column, direction, direction, q.Limit+1)
	page.Runs, err = collect(ctx, db.sql, scanRun, query, w.args...)
	if err == nil && len(page.Runs) > q.Limit {
		page.Runs = page.Runs[:q.Limit]
		page.Next = cursorAt(page.Runs[q.Limit-1], q.Sort, list)
	}
	return page, err
}

// chosen are the conditions of the query.
func chosen(q store.RunQuery) *where {
	w := &where{}
	switch {
	case q.Gateway != "" && q.Verdict != "":
		w.and("id IN (SELECT run FROM run_gateways WHERE gateway = ? AND verdict = ?)", q.Gateway, q.Verdict)
	case q.Gateway != "":
		w.and("id IN (SELECT run FROM run_gateways WHERE gateway = ?)", q.Gateway)
	case q.Verdict != "":
		w.and("id IN (SELECT run FROM run_gateways WHERE verdict = ?)", q.Verdict)
	}
	if q.Tag != "" {
		w.and("id IN (SELECT run FROM run_tags WHERE tag = ?)", q.Tag)
	}
	for _, column := range []struct{ name, value string }{{"experiment", q.Experiment}, {"schedule", q.Schedule}, {"ending", q.Ending}} {
		if column.value != "" {
			w.and(column.name+" = ?", column.value)
		}
	}
	if !q.From.IsZero() {
		w.and("prepared >= ?", nanos(q.From))
	}
	if !q.To.IsZero() {
		w.and("prepared < ?", nanos(q.To))
	}
	if q.Attention {
		w.and("attention")
	}
	if q.Text != "" {
		w.and("instr(search, ?) > 0", strings.ToLower(q.Text)) // no pattern: nothing in it has a meaning
	}
	return w
}

// orderOf is the sort column, and the name of the list for its cursors.
func orderOf(q store.RunQuery) (column, list string) {
	column = map[store.RunSort]string{
		store.ByTime: "prepared", store.ByExperiment: "experiment", store.ByGateway: "gateways",
		store.ByVerdict: "verdict", store.ByP: "p", store.ByDuration: "duration",
	}[q.Sort]
	return column, fmt.Sprintf("runs %s %t", q.Sort, q.Ascending)
}

// after goes on behind the cursor. SQLite and PostgreSQL compare rows of values
// in order, and use the index for it.
func (w *where) after(q store.RunQuery, column, list string) error {
	if q.After == "" {
		return nil
	}
	c, err := store.ParseCursor(q.After, list)
	if err != nil {
		return err
	}
	sign := "<"
	if q.Ascending {
		sign = ">"
	}
	w.and("("+column+", id) "+sign+" (?, ?)", keyOf(c, q.Sort), c.ID)
	return nil
}

// keyOf is the cursor's value of the sort column.
func keyOf(c store.Cursor, by store.RunSort) any {
	switch by {
	case store.ByExperiment, store.ByGateway:
		return c.Text
	case store.ByP:
		return c.Number
	}
	return c.Nanos
}

func cursorAt(r store.Run, by store.RunSort, list string) string {
	c := store.Cursor{List: list, ID: r.ID}
	switch by {
	case store.ByTime:
		c.Nanos = nanos(r.Prepared)
	case store.ByExperiment:
		c.Text = r.Experiment
	case store.ByGateway:
		c.Text = strings.Join(r.Gateways, ", ")
	case store.ByVerdict:
		c.Nanos = int64(audience(r))
	case store.ByP:
		c.Number = leastP(r)
	case store.ByDuration:
		c.Nanos = int64(duration(r))
	}
	return c.String()
}
