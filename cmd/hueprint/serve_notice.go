package main

import (
	"context"

	"github.com/hueprint/hueprint/orchestrator"
)

// notify tells people who do not look at the panel.
func (s *server) notify(_ context.Context, n orchestrator.Notice) error {
	s.log.Info("notice", "kind", string(n.Kind), "title", n.Title)
	return nil
}
