package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errStopped marks the end of a run by its context.
var errStopped = errors.New("stopped")

// stopped says why ctx ended.
func stopped(ctx context.Context) error { return stopError{context.Cause(ctx)} }

// A stopError is errStopped with its cause, said once.
type stopError struct{ cause error }

// Error is "stopped: " and the cause, or the cause that says so already.
func (e stopError) Error() string {
	if text := e.cause.Error(); strings.HasPrefix(text, errStopped.Error()) {
		return text
	}
	return fmt.Sprintf("%v: %v", errStopped, e.cause)
}

// Unwrap gives both.
func (e stopError) Unwrap() []error { return []error{errStopped, e.cause} }

// sleepUntil waits for an instant of the monotonic clock, late by what the
// runtime's timers are late.
func sleepUntil(ctx context.Context, at time.Time) error {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return stopped(ctx)
	}
}

// The last stretch before an instant is waited for in three steps, each shorter
// and costlier than the one before.
const (
	// dozing: the goroutine's own thread takes naps in the kernel. Go's timers
	// would need another thread to wake it, which has to wait for its turn.
	dozing = 400 * time.Millisecond
	nap    = 10 * time.Millisecond
	// holding: the thread sleeps but keeps its place in Go's scheduler, so that
	// no other goroutine is before it when it wakes. Go takes the place from
	// whoever keeps it for 10 ms.
	holding = 6 * time.Millisecond
	// spinning: the processor is kept busy until the instant.
	spinning = 150 * time.Microsecond
)

// Until waits for an instant of the monotonic clock and returns within
// microseconds after it, where the machine allows; see [Urgent] for a busy one.
// It must not be used in virtual time, which does not pass while a thread waits.
// Its error is that ctx ended before the instant.
func Until(ctx context.Context, at time.Time) error {
	if err := sleepUntil(ctx, at.Add(-dozing)); err != nil {
		return err
	}
	for left := time.Until(at) - holding; left > 0; left = time.Until(at) - holding {
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		ts := unix.NsecToTimespec(int64(min(left, nap)))
		if err := unix.Nanosleep(&ts, nil); err != nil && !errors.Is(err, unix.EINTR) {
			break // the loop below waits for the rest
		}
	}
	for left := time.Until(at) - spinning; left > 0; left = time.Until(at) - spinning {
		ts := unix.NsecToTimespec(int64(left))
		if _, _, err := unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0); err != 0 && err != unix.EINTR {
			break
		}
	}
	for time.Until(at) > 0 {
	}
	return nil
}

// spare is how many goroutines Go may run beyond the number of processors. A
// thread that the kernel has set aside for another program keeps its place among
// them, and on a machine with two processors two such threads would make every
// command wait for their return.
const spare = 4

// Urgent prepares the program for [Until] on a busy machine. It raises
// GOMAXPROCS of the whole program a little above the number of processors, for
// good. It binds the calling goroutine to its thread, and asks the kernel to run
// that thread before all ordinary ones when it wakes, until the returned function
// is called by the same goroutine. That takes the right CAP_SYS_NICE; without it
// the thread is asked to be woken soon at least, and other programs can make
// commands late by some milliseconds.
func Urgent() (calm func()) {
	if places := runtime.NumCPU() + spare; runtime.GOMAXPROCS(0) < places {
		runtime.GOMAXPROCS(places)
	}
	runtime.LockOSThread()
	old, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return runtime.UnlockOSThread
	}
	old.Size = unix.SizeofSchedAttr
	soon := *old
	soon.Runtime = uint64(100 * time.Microsecond)
	first := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK}
	if unix.SchedSetAttr(0, &first, 0) != nil && unix.SchedSetAttr(0, &soon, 0) != nil {
		return runtime.UnlockOSThread
	}
	return func() {
		if unix.SchedSetAttr(0, old, 0) == nil {
			runtime.UnlockOSThread()
		} // else the thread ends with its goroutine, and nobody inherits its rank
	}
}

// clock notices steps of the wall clock, by which frames are stamped, against
// the monotonic one, by which the plan is kept.
type clock struct {
	since time.Time // the last look by the monotonic clock
	wall  time.Time // the same by the wall clock
}

// step is how far the wall clock was moved since the last look; zero at the
// first look, and below what a disciplined clock may drift.
func (c *clock) step(now, wall time.Time) time.Duration {
	const tolerance, slew = 20 * time.Millisecond, 1e-3
	passed, went := now.Sub(c.since), wall.Sub(c.wall)
	first := c.since.IsZero()
	c.since, c.wall = now, wall
	if step := went - passed; !first && step.Abs() > tolerance+time.Duration(slew*float64(passed)) {
		return step
	}
	return 0
}
