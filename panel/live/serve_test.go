package live

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/lab"
)

// A tape is an answer that is never read by anybody slow.
type tape struct {
	mu   sync.Mutex
	text strings.Builder
	http.ResponseWriter
}

func (w *tape) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *tape) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *tape) Flush() {}

// serving answers one request in the background.
func serving(ctx context.Context, feed lab.Feed, headers ...string) (w *tape, ended chan struct{}) {
	gin.SetMode(gin.ReleaseMode)
	w, ended = &tape{ResponseWriter: httptest.NewRecorder()}, make(chan struct{})
	e := gin.New()
	e.GET("/events", func(c *gin.Context) { Serve(c, feed) })
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	go func() {
		defer close(ended)
		e.ServeHTTP(w, r)
	}()
	return w, ended
}

func TestAStreamIsServerSentEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(16)
		w, ended := serving(t.Context(), h)
		synctest.Wait()
		h.Publish(lab.KindState, map[string]string{"a": "line\nend"})
		synctest.Wait()
		if want := "retry: 2000\n\nid: " + h.id(1) + "\nevent: state\ndata: {\"a\":\"line\\nend\"}\n\n"; w.String() != want {
			t.Errorf("got %q, want %q", w.String(), want)
		}
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		h.Close()
		<-ended
	})
}

func TestSilenceIsFilledWithHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(16)
		w, ended := serving(t.Context(), h)
		time.Sleep(4*Heartbeat + time.Second)
		if n := strings.Count(w.String(), "\n: still here\n\n"); n != 4 && strings.Count(w.String(), ": still here\n\n") != 4 {
			t.Errorf("%q has %d heartbeats, want 4", w.String(), n)
		}
		h.Close()
		<-ended
	})
}

func TestPacketsWaitForOthersAndNothingElseDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(16)
		w, ended := serving(t.Context(), h)
		synctest.Wait()
		h.Publish(lab.KindPackets, lab.Packets{Gateway: "echo"})
		synctest.Wait()
		if strings.Contains(w.String(), "packets") {
			t.Error("packets did not wait")
		}
		time.Sleep(Gather)
		synctest.Wait()
		if !strings.Contains(w.String(), "event: packets") {
			t.Error("packets wait for ever")
		}
		h.Publish(lab.KindPackets, lab.Packets{Gateway: "nest"})
		h.Publish(lab.KindSlot, lab.Slot{Number: 1})
		synctest.Wait()
		if !strings.HasSuffix(w.String(), "}\n\n") || strings.Index(w.String(), "nest") > strings.Index(w.String(), "event: slot") {
			t.Errorf("a slot waited, or overtook packets: %q", w.String())
		}
		h.Close()
		<-ended
	})
}

func TestAStreamResumesByHeaderAndByQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(16)
		for i := range 3 {
			h.Publish(lab.KindState, i)
		}
		w, ended := serving(t.Context(), h, "Last-Event-ID", h.id(2))
		synctest.Wait()
		if !strings.HasSuffix(w.String(), "retry: 2000\n\nid: "+h.id(3)+"\nevent: state\ndata: 2\n\n") {
			t.Errorf("by header: %q", w.String())
		}
		h.Close()
		<-ended
	})
}

func TestAStreamEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		_, ended := serving(ctx, NewHub(16))
		synctest.Wait()
		leave()
		<-ended
	})
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stream{writer: newWriter(&tape{ResponseWriter: httptest.NewRecorder()}), allowed: func() bool { return false }}
		began := time.Now()
		s.run(t.Context(), make(chan lab.Event))
		if time.Since(began) != Heartbeat {
			t.Errorf("it ended after %v", time.Since(began))
		}
	})
}

// Through a real server, with its read timeout: a stream outlives it, resumes by
// query, and ends when the hub is closed.
func TestAStreamOutlivesTheReadTimeout(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	h := NewHub(16)
	h.Publish(lab.KindState, 1)
	e := gin.New()
	e.GET("/events", func(c *gin.Context) { Serve(c, h) })
	server := httptest.NewUnstartedServer(e)
	server.Config.ReadTimeout = time.Second
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /events?after="+h.id(0)+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	lines := bufio.NewScanner(conn)
	await := func(want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == want {
				return
			}
		}
		t.Fatalf("the stream ended before %q: %v", want, lines.Err())
	}
	await("data: 1")
	time.Sleep(1300 * time.Millisecond)
	h.Publish(lab.KindState, 2)
	await("data: 2")
	h.Close()
	await("0")
}
