package wire

import (
	"context"
	"time"
)

// PingPatience is how long [Host.Ping] waits for answers after its last request.
const PingPatience = time.Second

// EchoBytes is how much an echo request carries, as that of the ping command.
const EchoBytes = 56

// CountEchoes is the course of [Host.Ping]: it sends requests 1 to n, every
// apart, and counts which of them are answered, until all are, or for
// [PingPatience] after the last. The implementation writes the numbers of
// answered requests to answers.
func CountEchoes(ctx context.Context, n int, every time.Duration, send func(seq uint16), answers <-chan uint16) (int, error) {
	answered := map[uint16]bool{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for sent := 0; len(answered) < n; {
		select {
		case seq := <-answers:
			answered[seq] = true
		case <-timer.C:
			if sent == n {
				return len(answered), nil
			}
			sent++
			send(uint16(sent))
			timer.Reset(every)
			if sent == n {
				timer.Reset(PingPatience)
			}
		case <-ctx.Done():
			return len(answered), context.Cause(ctx)
		}
	}
	return len(answered), nil
}
