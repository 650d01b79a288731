package orchestrator

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// spin is another program that keeps a processor busy.
func spin() {
	//lint:ignore SA5002 to spin is what it is for
	for {
	}
}

// burden keeps the machine busy until the returned function is called: other
// programs, and goroutines of this one that work in short turns.
func burden(t testing.TB, programs, goroutines int) (ease func()) {
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range programs {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), "HUEPRINT_TEST_SPIN=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		group.Go(func() { cmd.Wait() })
	}
	for range goroutines {
		group.Go(func() {
			for ctx.Err() == nil {
				for turn := time.Now(); time.Since(turn) < 200*time.Microsecond; {
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	return func() { cancel(); group.Wait() }
}

// How late an instant is met is printed, on an idle machine and on busy ones;
// what the machine at hand allows is for the reader to judge. A median of half a
// second would be a defect.
func TestLateness(t *testing.T) {
	instants := 150
	if testing.Short() {
		instants = 20
	}
	for _, busy := range []struct{ programs, goroutines int }{{0, 0}, {0, 8}, {4, 0}, {4, 8}} {
		ease := burden(t, busy.programs, busy.goroutines)
		p50, p99, worst := lateness(t, instants)
		ease()
		t.Logf("lateness beside %d busy programs and %d busy goroutines: p50 %v, p99 %v, worst %v over %d instants",
			busy.programs, busy.goroutines, p50, p99, worst, instants)
		if p50 > 500*time.Millisecond {
			t.Errorf("half of the instants were missed by %v", p50)
		}
	}
}

func lateness(t testing.TB, instants int) (p50, p99, worst time.Duration) {
	defer Urgent()()
	late := make([]time.Duration, instants)
	for i := range late {
		at := time.Now().Add(30 * time.Millisecond) // a late one must not delay the next
		if err := Until(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		late[i] = time.Since(at)
	}
	slices.Sort(late)
	return late[instants/2], late[instants*99/100], late[instants-1]
}

func BenchmarkUntil(b *testing.B) {
	p50, p99, _ := lateness(b, max(b.N, 2))
	b.ReportMetric(float64(p50.Microseconds()), "p50-µs")
	b.ReportMetric(float64(p99.Microseconds()), "p99-µs")
}

func TestUntilEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("operator pressed stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		began := time.Now()
		err := Until(ctx, began.Add(time.Hour))
		if !errors.Is(err, cause) || !errors.Is(err, errStopped) || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if err := Until(ctx, began); !errors.Is(err, cause) {
			t.Errorf("an ended context was not noticed: %v", err)
		}
	})
}

func TestTheClockNoticesSteps(t *testing.T) {
	start := time.Now()
	tests := map[string]struct {
		passed, step, want time.Duration
	}{
		"steady":           {30 * time.Second, 0, 0},
		"disciplined":      {30 * time.Second, 15 * time.Millisecond, 0},
		"an hour ahead":    {30 * time.Second, time.Hour, time.Hour},
		"back":             {2 * time.Second, -300 * time.Millisecond, -300 * time.Millisecond},
		"suspended a week": {time.Second, 7 * 24 * time.Hour, 7 * 24 * time.Hour},
	}
	for name, test := range tests {
		c := clock{wall: start.Round(0), since: start}
		now := start.Add(test.passed)
		if got := c.step(now, now.Round(0).Add(test.step)); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
