package main

import (
	"context"
	"time"

	"github.com/hueprint/hueprint/store"
)

// retention is the configured policy.
func (s *server) retention() store.Retention {
	c, _ := s.settings.now()
	return store.Retention{Keep: time.Duration(c.Serve.Disk.KeepFor), Budget: int64(c.Serve.Disk.Budget)}
}

// tidyEvery is how often the server looks for what has expired, and for runs that
// other processes have left, such as those of 'hueprint run'.
const tidyEvery = 5 * time.Minute

// tidy takes out expired sessions and set-up links, and enters others' runs into
// the index, until ctx ends.
func (s *server) tidy(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		if err := s.store.RemoveExpired(ctx, s.clock()); err != nil && ctx.Err() == nil {
			s.log.Error("what has expired could not be taken out", "error", err)
		}
		wait(ctx, nil, tidyEvery)
		if ctx.Err() != nil || s.station.Running() != nil {
			continue
		}
		if err := s.station.Recover(ctx); err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error() // once is enough
			s.log.Warn("not every run could be brought up to date", "error", err)
		}
	}
}
