package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/hueprint/hueprint/runs"
)

// Rebuild makes the index agree with the run folders below root: every run is
// entered again, and entries whose folder is gone are taken out. A folder that
// cannot be read keeps the entry it has; it is reported, and the others are
// entered all the same. The error joins all reports.
func Rebuild(ctx context.Context, root string, into Runs) error {
	folders, err := runs.List(root)
	if err != nil {
		return fmt.Errorf("rebuild the index: %w", err)
	}
	var errs []error
	there := map[string]string{}
	for _, folder := range folders {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("rebuild the index: %w", err)
		}
		if first, twice := there[folder.ID()]; twice {
			errs = append(errs, fmt.Errorf("%s and %s hold the same run (remove the copy)", first, folder.Dir()))
			continue
		}
		there[folder.ID()] = folder.Dir()
		errs = append(errs, enter(ctx, folder, into))
	}
	errs = append(errs, forget(ctx, there, into))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("rebuild the index: %w", err)
	}
	return nil
}

// enter puts a run into the index, as far as it can be read.
func enter(ctx context.Context, folder *runs.Folder, into Runs) error {
	entry, err := Digest(folder)
	if entry.ID == "" {
		return err
	}
	return errors.Join(err, into.PutRun(ctx, entry))
}

// forget takes out the entries of runs that are not there.
func forget(ctx context.Context, there map[string]string, into Runs) error {
	all, err := AllRuns(ctx, into, RunQuery{})
	if err != nil {
		return err
	}
	for _, r := range all {
		if _, ok := there[r.ID]; !ok {
			err = errors.Join(err, into.RemoveRun(ctx, r.ID))
		}
	}
	return err
}

// AllRuns turns all pages of a list. It is for those who must see every entry,
// such as [Rebuild] and [Retention]; a page shows one page.
func AllRuns(ctx context.Context, from Runs, q RunQuery) ([]Run, error) {
	var all []Run
	q.Limit = MostLimit
	for {
		page, err := from.ListRuns(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Runs...)
		if page.Next == "" {
			return all, nil
		}
		q.After = page.Next
	}
}
