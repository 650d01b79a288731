package netstack

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// An ethernetSwitch joins the ports of one side of the router. Its lines all
// have the same delay, so a port's queue is in order of due times.
type ethernetSwitch struct {
	delay, jitter time.Duration
	loss          float64

	mu     sync.Mutex // guards what follows
	chance *rand.Rand
	ports  []*port

	running sync.WaitGroup
	done    chan struct{}
}

func newSwitch(o wire.Options, delay time.Duration, side uint64) *ethernetSwitch {
	return &ethernetSwitch{delay: delay, jitter: o.Jitter, loss: o.Loss,
		chance: rand.New(rand.NewPCG(o.Seed, side)), done: make(chan struct{})}
}

// plug adds a port, for a stack that forwards or does not, and starts its line.
func (s *ethernetSwitch) plug(mac traffic.MAC, forwards bool) *port {
	p := &port{mac: mac, ethernet: s, forwards: forwards, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ports = append(s.ports, p)
	s.running.Go(p.run)
	return p
}

// close stops the lines.
func (s *ethernetSwitch) close() {
	close(s.done)
	s.running.Wait()
}

// carry queues a frame of one port on the lines of those that it is for.
func (s *ethernetSwitch) carry(from *port, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := traffic.MAC(frame[:6])
	for _, p := range s.ports {
		if p == from || p.mac != to && !to.IsGroup() {
			continue
		}
		if s.loss > 0 && s.chance.Float64() < s.loss {
			continue
		}
		due := time.Now().Add(s.delay)
		if s.jitter > 0 {
			due = due.Add(time.Duration(s.chance.Int64N(int64(s.jitter))))
		}
		p.enqueue(frame, due)
	}
}
