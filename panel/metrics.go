package panel

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// meters count what the panel and its lab do, for Prometheus. What the store
// counts is asked from it at each scrape (see census).
type meters struct {
	registry *prometheus.Registry
	runs     store.Runs

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	lateness  prometheus.Histogram
	packets   *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	drops     *prometheus.CounterVec

	// counted are the latest runs whose recordings were counted, oldest first.
	counted []string
	mu      sync.Mutex
}

// Buckets in seconds: of lateness around the 5 ms that are promised, of answers
// around the 100 ms.
var (
	latenessBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5}
	durationBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
)

func newMeters(o Options, audience *live.Audience) *meters {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hueprint_" + name, Help: help}, labels)
	}
	m := &meters{registry: prometheus.NewRegistry(), runs: o.Store,
		requests: counter("http_requests_total", "Requests answered, by route.", "method", "route", "status"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "hueprint_http_request_duration_seconds",
			Help: "Time to answer, without live streams.", Buckets: durationBuckets}, []string{"method", "route"}),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "hueprint_command_lateness_seconds",
			Help: "How much later than planned each slot's command began.", Buckets: latenessBuckets}),
		packets: counter("captured_packets_total", "Packets in the recordings of runs that have ended.", "gateway"),
		bytes:   counter("captured_bytes_total", "Bytes on the wire in the recordings of runs that have ended.", "gateway"),
		drops:   counter("captured_drops_total", "Packets that the recordings of runs that have ended lack.", "gateway"),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "hueprint_build_info", Help: "Constant 1, with the versions.",
		ConstLabels: prometheus.Labels{"version": o.Version, "go": runtime.Version()}})
	build.Set(1)
	viewers := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hueprint_viewers", Help: "Live streams that are open."},
		func() float64 { return float64(audience.Readers()) })
	m.registry.MustRegister(m.requests, m.durations, m.lateness, m.packets, m.bytes, m.drops, build, viewers, newCensus(o),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meters) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// request counts one answer. Methods are those of our routes, or others.
func (m *meters) request(method, route string, status int, took time.Duration, stream bool) {
	if route == unmatched {
		method = "any"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	if !stream {
		m.durations.WithLabelValues(method, route).Observe(took.Seconds())
	}
}

// follow counts what the feed tells until it ends.
func (m *meters) follow(ctx context.Context, events iter.Seq[lab.Event]) {
	for e := range events {
		switch e.Kind {
		case lab.KindSlot:
			m.slot(e.Data)
		case lab.KindRun:
			m.run(ctx, e.Data)
		}
	}
}

// slot counts the lateness of a command; a slot without one was only announced.
func (m *meters) slot(data []byte) {
	var s lab.Slot
	if json.Unmarshal(data, &s) == nil && s.Command != nil && !s.Command.Begun.IsZero() {
		m.lateness.Observe(s.Command.Lateness.Seconds())
	}
}

// run counts the recordings of a run once, when it has ended.
func (m *meters) run(ctx context.Context, data []byte) {
	var told store.Run
	if json.Unmarshal(data, &told) != nil || told.Ended.IsZero() || !m.first(told.ID) {
		return
	}
	entry, err := m.runs.Run(ctx, told.ID)
	if err != nil {
		return // it was removed meanwhile
	}
	folder, err := runs.Open(entry.Dir)
	if err != nil {
		return
	}
	defer folder.Close()
	run, err := folder.Run()
	if err != nil {
		return
	}
	for _, rec := range run.Recordings {
		m.packets.WithLabelValues(rec.Gateway).Add(float64(rec.Frames))
		m.bytes.WithLabelValues(rec.Gateway).Add(float64(rec.Bytes))
		m.drops.WithLabelValues(rec.Gateway).Add(float64(rec.Dropped))
	}
}
