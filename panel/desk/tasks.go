package desk

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// LeastIdle and MostIdle bound an idle recording.
const (
	LeastIdle = time.Second
	MostIdle  = 31 * 24 * time.Hour
)

// CheckTask tells what is wrong with a task on this bench, by the fields
// experiment, gateways, idle and tags.
func CheckTask(s lab.State, t store.Task) Problems {
	var ps Problems
	switch {
	case t.Experiment == "" && t.Idle == 0:
		ps.add("experiment", "choose an experiment, or a time for which to record without doing anything")
	case t.Experiment != "" && t.Idle != 0:
		ps.add("idle", "a task is an experiment or an idle recording, not both")
	case t.Experiment != "" && !slices.Contains(s.Experiments, t.Experiment):
		ps.add("experiment", "the configuration has no experiment %.64q", t.Experiment)
	case t.Experiment == "" && (t.Idle < LeastIdle || t.Idle > MostIdle):
		ps.add("idle", "an idle recording takes from 1s to 31d")
	}
	for _, name := range t.Gateways {
		if !slices.ContainsFunc(s.Gateways, func(g lab.Gateway) bool { return g.Name == name }) {
			ps.add("gateways", "the configuration has no gateway %.64q", name)
		}
	}
	checkTags(&ps, t.Tags)
	return ps
}

func checkTags(ps *Problems, tags []string) {
	for _, tag := range tags {
		if err := runs.CheckTag(tag); err != nil {
			ps.add("tags", "a tag is 1 to 64 bytes of printable text; commas stand between tags")
			return
		}
	}
	if len(tags) > 20 {
		ps.add("tags", "there may be 20 tags")
	}
}

// ReadTask reads a task as people write it into a form: kind is experiment or
// idle; idle a time such as 12h; seed a whole number or empty; tags a list with
// commas.
func ReadTask(kind, experiment, idle, seed, tags string, gateways []string) (store.Task, Problems) {
	var ps Problems
	t := store.Task{Gateways: gateways, Tags: Words(tags)}
	if kind == "idle" {
		var err error
		if t.Idle, err = Span(idle); err != nil || t.Idle <= 0 {
			ps.add("idle", "write how long to record, such as 30m, 12h or 7d")
		}
		return t, ps
	}
	t.Experiment = strings.TrimSpace(experiment)
	if seed = strings.TrimSpace(seed); seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			ps.add("seed", "the seed must be a whole number, 0 or more; leave it empty to draw one")
		}
		t.Seed = n
	}
	return t, ps
}

// Start checks a task and begins it by hand.
func (d Desk) Start(ctx context.Context, by string, t store.Task) (firing string, err error) {
	if err := CheckTask(d.Bench.State(ctx), t).Err(); err != nil {
		return "", err
	}
	return d.Bench.Start(ctx, by, t)
}

// Preview checks a task and draws what a start would do.
func (d Desk) Preview(ctx context.Context, t store.Task) (lab.Preview, error) {
	if err := CheckTask(d.Bench.State(ctx), t).Err(); err != nil {
		return lab.Preview{}, err
	}
	p, err := d.Bench.Preview(ctx, t)
	if errors.Is(err, lab.ErrUnknown) { // the configuration was changed meanwhile
		return p, Problems{{"experiment", err.Error()}}
	}
	return p, err
}

// Zone is the lab's time zone; UTC where the name is not known.
func Zone(s lab.State) *time.Location {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}
