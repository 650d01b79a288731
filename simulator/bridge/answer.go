package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bodies above this are refused by the web server.
const mostBody = 64 << 10

// An answer is what will be written, and which bulbs were addressed.
type answer struct {
	status    int
	kind      string // Content-Type
	location  string
	body      []byte
	addressed []string
}

// jsonAnswer is an answer in JSON.
func jsonAnswer(status int, body any, addressed ...string) answer {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // bodies are made here, of plain values
	}
	return answer{status: status, kind: "application/json", body: text, addressed: addressed}
}

// page is one of the web server's own HTML pages.
func page(status int) answer {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if status == http.StatusServiceUnavailable {
		title = "503 Service Temporarily Unavailable"
	}
	body := "<html>\r\n<head><title>" + title + "</title></head>\r\n<body bgcolor=\"white\">\r\n<center><h1>" +
		title + "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	return answer{status: status, kind: "text/html", body: []byte(body)}
}

func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Server", "nginx")
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate, post-check=0, pre-check=0")
	h.Set("Pragma", "no-cache")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.location != "" {
		h.Set("Location", a.location)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone away is no concern of the bridge
}

// read takes a request off its connection and finds out who sent it.
func (b *Bridge) read(w http.ResponseWriter, r *http.Request, secure bool) (call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	c := call{
		at: time.Now(), secure: secure, number: int(connectionOf(r).requests.Add(1)), remote: r.RemoteAddr, host: r.Host,
		method: r.Method, body: body, lastID: r.Header.Get("last-event-id"),
		path: strings.FieldsFunc(r.URL.Path, func(c rune) bool { return c == '/' }),
	}
	if err != nil {
		return c, fmt.Errorf("read the body: %w", err)
	}
	switch {
	case len(c.path) == 0:
	case c.path[0] == "clip" || c.path[0] == "eventstream":
		c.v2, c.key = true, r.Header.Get("hue-application-key")
	case c.path[0] == "api" && len(c.path) > 1:
		c.key = c.path[1]
	}
	c.client = b.recognise(c.key, c.at)
	return c, nil
}

// answer carries a request out and answers it, with the fault that is set.
func (b *Bridge) answer(w http.ResponseWriter, r *http.Request, c call) {
	fault := b.faultFor(c)
	if fault == FaultUnauthorized {
		c.client = ""
	}
	if b.refuse(w, r, c, fault) {
		return
	}
	if c.stream() && c.method == http.MethodGet && c.client != "" && !b.redirects(c, fault) {
		b.note(c, http.StatusOK, fault, nil)
		b.streamTo(w, r, c)
		return
	}
	a := spoil(b.perform(c, fault), fault)
	if fault == FaultResetDone {
		b.note(c, 0, fault, a.addressed)
		reset(w)
		return
	}
	b.note(c, a.status, fault, a.addressed)
	if pause(r.Context(), b.delay(c, fault)) {
		a.write(w)
	}
}

// refuse shows those faults in which nothing is carried out.
func (b *Bridge) refuse(w http.ResponseWriter, r *http.Request, c call, fault Fault) bool {
	a := answer{}
	switch fault {
	case FaultTooMany:
		a = page(http.StatusTooManyRequests)
	case FaultUnavailable:
		a = page(http.StatusServiceUnavailable)
	case FaultSilent, FaultReset, FaultCloseIdle:
	default:
		return false
	}
	b.note(c, a.status, fault, nil)
	switch fault {
	case FaultSilent:
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case FaultCloseIdle:
		panic(http.ErrAbortHandler)
	case FaultReset:
		reset(w)
	default:
		a.write(w)
	}
	return true
}

// perform carries out what is asked.
func (b *Bridge) perform(c call, fault Fault) answer {
	if b.redirects(c, fault) {
		return redirect(c)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case len(c.path) > 0 && c.path[0] == "api":
		return b.v1(c, fault)
	case c.v2:
		return b.v2(c, fault)
	case len(c.path) == 1 && c.path[0] == "description.xml" && c.method == http.MethodGet && b.model != "BSB003":
		return b.description(c)
	default:
		return page(http.StatusNotFound)
	}
}

func (b *Bridge) redirects(c call, fault Fault) bool {
	return !c.secure && (b.model == "BSB003" || fault == FaultRedirect)
}

func redirect(c call) answer {
	a := page(http.StatusMovedPermanently)
	host := c.host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	a.location = "https://" + host + "/" + strings.Join(c.path, "/")
	return a
}

// spoil shows those faults in which only the answer is wrong.
func spoil(a answer, fault Fault) answer {
	switch fault {
	case FaultNull:
		a.body = []byte("null")
	case FaultEmpty:
		a.body = nil
	case FaultTruncated:
		a.body = a.body[:len(a.body)/2]
	}
	return a
}

// delay is how long the bridge takes to answer.
func (b *Bridge) delay(c call, fault Fault) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case fault == FaultSlow:
		return 3 * time.Second
	case c.method == http.MethodPut:
		return b.draw(b.latency.AnswerMin, b.latency.AnswerMax)
	default:
		return 0
	}
}

// pause waits, and says whether there is still somebody to answer.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reset drops the connection; on TCP the client gets a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		if errors.Is(err, http.ErrNotSupported) {
			panic(http.ErrAbortHandler)
		}
		return // gone already
	}
	below := conn
	for wrapped, ok := below.(interface{ NetConn() net.Conn }); ok; wrapped, ok = below.(interface{ NetConn() net.Conn }) {
		below = wrapped.NetConn()
	}
	if tcp, ok := below.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = below.Close()
}

// streamTo sends events until the client or the bridge goes.
func (b *Bridge) streamTo(w http.ResponseWriter, r *http.Request, c call) {
	missed, next, stop := b.stream.listen(c.lastID)
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Server", "nginx")
	controller := http.NewResponseController(w)
	send := func(text string) bool {
		_, err := io.WriteString(w, text)
		return err == nil && controller.Flush() == nil
	}
	if !send(": hi\n\n") {
		return
	}
	for _, c := range missed {
		if !send(c.text()) {
			return
		}
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case c, ok := <-next:
			if !ok || !send(c.text()) {
				return
			}
		}
	}
}
