package live

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/lab"
)

// Heartbeat is the time between comments that keep a silent stream open, and
// after which a session that has ended ends its streams. Gather is how long
// packets wait for others before they are sent. Patience is how long a write may
// take before the reader is given up.
const (
	Heartbeat = 15 * time.Second
	Gather    = 50 * time.Millisecond
	Patience  = 30 * time.Second
)

// Serve answers with the feed's events until the reader leaves, its session
// ends, or the feed does. The reader resumes with the header Last-Event-ID, or
// with ?after=ID where it cannot set one.
func Serve(c *gin.Context, feed lab.Feed) {
	after := c.GetHeader("Last-Event-ID")
	if after == "" {
		after = c.Query("after")
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	c.Writer.WriteHeader(http.StatusOK)

	// A server's time limit for reading requests must not end the answer.
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Time{})

	ctx, cancel := context.WithCancel(c.Request.Context())
	events := make(chan lab.Event, 16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(events)
		pump(ctx, feed, after, events)
	}()
	s := &stream{writer: newWriter(c.Writer), allowed: func() bool { return access.Still(c) }}
	s.run(ctx, events)
	cancel()
	<-done
}

// pump hands the feed's events on until ctx ends.
func pump(ctx context.Context, feed lab.Feed, after string, to chan<- lab.Event) {
	for e := range feed.Events(ctx, after) {
		select {
		case to <- e:
		case <-ctx.Done():
			return
		}
	}
}

// A writer buffers frames; its flush reaches the network or fails in time.
type writer struct {
	*bufio.Writer
	control *http.ResponseController
}

func newWriter(w http.ResponseWriter) writer {
	return writer{bufio.NewWriterSize(w, 16<<10), http.NewResponseController(w)}
}

// patience begins anew; what is written from now on has so long to go out.
// Recorders in tests know no deadlines, everything else does.
func (w writer) patience() {
	_ = w.control.SetWriteDeadline(time.Now().Add(Patience))
}

func (w writer) send() error {
	w.patience()
	if err := w.Flush(); err != nil {
		return err
	}
	return w.control.Flush()
}

// A stream is one reader's connection.
type stream struct {
	writer
	allowed func() bool
}

// run sends until something ends. An error means that the reader has left; that
// is how all streams end, and nobody's fault.
func (s *stream) run(ctx context.Context, events <-chan lab.Event) {
	s.WriteString("retry: 2000\n\n")
	if s.send() != nil {
		return
	}
	heart := time.NewTicker(Heartbeat)
	defer heart.Stop()
	gather := time.NewTimer(Gather)
	gather.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-heart.C:
			s.WriteString(": still here\n\n")
			if !s.allowed() || s.send() != nil {
				return
			}
		case e, ok := <-events:
			if !ok {
				s.send() // the feed has ended; what is written goes out
				return
			}
			first := s.Buffered() == 0
			s.patience() // a full buffer goes out by itself
			frame(s, e)
			if e.Kind != lab.KindPackets {
				if s.send() != nil {
					return
				}
			} else if first {
				gather.Reset(Gather)
			}
		case <-gather.C:
			if s.send() != nil {
				return
			}
		}
	}
}

// frame writes one event. JSON has no line ends, so that its data is one line.
func frame(w io.StringWriter, e lab.Event) {
	w.WriteString("id: " + e.ID + "\nevent: " + string(e.Kind) + "\ndata: ")
	w.WriteString(string(e.Data))
	w.WriteString("\n\n")
}
