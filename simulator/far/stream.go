package far

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/simulator/wire"
)

// Thinking is how long a stream's far end takes before it answers; Apart is how
// long it waits between two messages, so that each has a frame of its own.
const (
	Thinking = 12 * time.Millisecond
	Apart    = 2 * time.Millisecond
)

// PushAnswer is the length of the message that answers a [Push].
const PushAnswer = 96

func (s *Server) openStream(host wire.Host, security *tls.Config) error {
	l, err := s.listen(host, ":443")
	if err == nil {
		s.run = append(s.run, func(ctx context.Context) error {
			return ServeConnections(ctx, l, func(ctx context.Context, conn net.Conn) {
				if err := s.stream(ctx, tls.Server(conn, security)); err != nil && ctx.Err() == nil {
					s.log.Debug("stream ended", "host", s.end.Host, "error", err)
				}
			})
		})
	}
	return err
}

// ServeConnections hands each connection to serve, in a goroutine of its own,
// until ctx ends; then it closes listener and connections and waits for all.
func ServeConnections(ctx context.Context, l net.Listener, serve func(context.Context, net.Conn)) error {
	ctx, cancel := context.WithCancel(ctx)
	var busy sync.WaitGroup
	defer busy.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		busy.Go(func() {
			defer conn.Close()
			release := context.AfterFunc(ctx, func() { conn.Close() })
			defer release()
			serve(ctx, conn)
		})
	}
}

// stream answers messages, and pushes some of its own, until either side ends.
func (s *Server) stream(ctx context.Context, conn *tls.Conn) error {
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer conn.Close()
		return answerMessages(ctx, conn)
	})
	if s.end.Push > 0 {
		group.Go(func() error { return s.push(ctx, conn) })
	}
	return group.Wait()
}

// answerMessages reads messages and answers each as it asks to be.
func answerMessages(ctx context.Context, conn net.Conn) error {
	for {
		m, err := ReadMessage(conn)
		if err != nil {
			return errors.Join(errEnded, ignoreEOF(err))
		}
		if err := Answer(ctx, conn, m); err != nil {
			return err
		}
	}
}

var errEnded = errors.New("the peer ended the stream")

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Answer sends the messages that m asks for, after [Thinking] and [Apart].
func Answer(ctx context.Context, w io.Writer, m Message) error {
	wait := Thinking
	for _, size := range m.Answers {
		if size == 0 {
			continue
		}
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
		answer, err := NewMessage(Receipt, m.ID, int(size), map[string]any{"id": m.ID, "status": "ok"})
		if err != nil {
			return err
		}
		if err := answer.Write(w); err != nil {
			return err
		}
		wait = Apart
	}
	return nil
}

// push sends messages at random (exponential) intervals.
func (s *Server) push(ctx context.Context, conn net.Conn) error {
	rng := rand.New(rand.NewPCG(s.near.Seed, 0x70757368))
	for id := uint32(1); ; id++ {
		pause := time.Duration(rng.ExpFloat64() * float64(s.end.Push))
		if err := Sleep(ctx, pause); err != nil {
			return err
		}
		m, err := NewMessage(Push, id, 160+rng.IntN(300), map[string]any{"id": id, "kind": "housekeeping"})
		if err != nil {
			return err
		}
		m.Answers[0] = PushAnswer
		if err := m.Write(conn); err != nil {
			return err
		}
	}
}

// Sleep waits for the duration or until ctx ends, and then says why it ended.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
