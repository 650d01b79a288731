package far

import (
	"context"
	"crypto/tls"
	"errors"
	"hash/fnv"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/hueprint/hueprint/simulator/wire"
)

func (s *Server) openWeb(host wire.Host, security *tls.Config) error {
	plain, err := s.listen(host, ":80")
	if err != nil {
		return err
	}
	secure, err := s.listen(host, ":443")
	if err != nil {
		return err
	}
	serve := func(l net.Listener) func(context.Context) error {
		return func(ctx context.Context) error { return ServeHTTP(ctx, l, http.HandlerFunc(page), s.log) }
	}
	s.run = append(s.run, serve(plain), serve(tls.NewListener(secure, security)))
	return nil
}

// page answers GET /generate_204 with that status and everything else with a
// body whose length depends on host and path alone.
func page(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	if r.URL.Path == "/generate_204" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, r.Host+r.URL.Path)
	size := 120 + int(h.Sum32()%700)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"ok","filler":"`+strings.Repeat("x", size)+`"}`)
}

// ServeHTTP serves HTTP on the listener until ctx ends, then closes listener
// and connections and waits until their goroutines are gone. Complaints of the
// HTTP server go to the log.
func ServeHTTP(ctx context.Context, l net.Listener, h http.Handler, logger *slog.Logger) error {
	var busy sync.WaitGroup
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			busy.Add(1)
			defer busy.Done()
			h.ServeHTTP(w, r)
		}),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    complaints(logger),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(l)
	server.Close()
	busy.Wait()
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func complaints(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}
