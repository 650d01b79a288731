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

// tidyEvery is how often what has expired is taken out.
const tidyEvery = time.Hour

// tidy takes out expired sessions and set-up links, until ctx ends.
func (s *server) tidy(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.store.RemoveExpired(ctx, s.clock()); err != nil && ctx.Err() == nil {
			s.log.Error("what has expired could not be taken out", "error", err)
		}
		wait(ctx, nil, tidyEvery)
	}
}
