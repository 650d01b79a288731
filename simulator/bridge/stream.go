package bridge

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The event stream sends at most one container in this time.
const streamPace = time.Second

// So many containers are kept for clients that come back with a last-event-id.
const streamHistory = 64

// A resource is what an event is about.
type resource struct{ id, kind, v1, owner, ownerKind string }

// stream is the event stream of API v2. Changes of one resource that come
// within a second are merged: only the last value of each property is sent.
type stream struct {
	alarms *alarms

	mu        sync.Mutex
	fault     Fault
	order     []string                  // pending resources, in order of their first change
	pending   map[string]map[string]any // by resource id
	scheduled bool
	last      time.Time // when the last container was sent
	serial    int       // of the last container within its second
	count     int       // containers ever made
	history   []container
	listeners map[chan container]struct{}
}

// A container is one message on the event stream.
type container struct {
	second int64
	serial int
	data   []byte
}

func newStream(a *alarms) *stream {
	return &stream{alarms: a, pending: map[string]map[string]any{}, listeners: map[chan container]struct{}{}}
}

func (s *stream) setFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// A change is what has become of some properties of a resource.
type change struct {
	of         resource
	properties map[string]any
}

// publish adds changes to the next container.
func (s *stream) publish(changes []change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		s.add(c)
	}
	if len(changes) > 0 && !s.scheduled {
		s.scheduled = true
		s.alarms.after(max(time.Until(s.last.Add(streamPace)), 0), s.flush)
	}
}

func (s *stream) add(c change) {
	entry, ok := s.pending[c.of.id]
	if !ok {
		entry = map[string]any{"id": c.of.id, "id_v1": c.of.v1, "type": c.of.kind, "owner": reference(c.of.owner, c.of.ownerKind)}
		s.pending[c.of.id] = entry
		s.order = append(s.order, c.of.id)
	}
	for property, value := range c.properties {
		entry[property] = value
	}
}

// flush sends what is pending as one container.
func (s *stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.scheduled = false
	c := s.contain(now)
	s.last = now
	s.history = append(s.history, c)
	if len(s.history) > streamHistory {
		s.history = s.history[1:]
	}
	for range s.copies() {
		for listener := range s.listeners {
			s.offer(listener, c)
		}
	}
}

// contain turns what is pending into a container.
func (s *stream) contain(now time.Time) container {
	var data []map[string]any
	for _, id := range s.order {
		data = append(data, s.pending[id])
	}
	s.order, s.pending = nil, map[string]map[string]any{}
	s.serial++
	if now.Unix() != s.last.Unix() {
		s.serial = 0
	}
	s.count++
	text, err := json.Marshal([]map[string]any{{
		"creationtime": now.UTC().Format(time.RFC3339),
		"data":         data,
		"id":           uuid("container", strconv.Itoa(s.count)+now.String()),
		"type":         "update",
	}})
	if err != nil {
		panic(err) // only strings, numbers and maps of these go in
	}
	return container{second: now.Unix(), serial: s.serial, data: text}
}

func (s *stream) copies() int {
	switch s.fault {
	case FaultStreamDeath:
		return 0
	case FaultStreamRepeat:
		return 2
	default:
		return 1
	}
}

// offer hands a container to a listener. One that does not keep up is cut off.
func (s *stream) offer(listener chan container, c container) {
	select {
	case listener <- c:
	default:
		delete(s.listeners, listener)
		close(listener)
	}
}

// listen returns what was sent after lastID, and a channel of what comes. The
// channel is closed when the listener is too slow. Call stop when done.
func (s *stream) listen(lastID string) (missed []container, next <-chan container, stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if second, serial, ok := parseEventID(lastID); ok && s.fault != FaultStreamDeath {
		for _, c := range s.history {
			if c.second > second || c.second == second && c.serial > serial {
				missed = append(missed, c)
			}
		}
	}
	listener := make(chan container, streamHistory)
	s.listeners[listener] = struct{}{}
	return missed, listener, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.listeners, listener)
	}
}

// forget drops what is pending: the bridge was switched off before it was sent.
func (s *stream) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scheduled = false
	s.order, s.pending = nil, map[string]map[string]any{}
}

// text is the container as server-sent event.
func (c container) text() string {
	return fmt.Sprintf("id: %d:%d\ndata: %s\n\n", c.second, c.serial, c.data)
}

func parseEventID(id string) (second int64, serial int, ok bool) {
	a, b, found := strings.Cut(id, ":")
	second, err1 := strconv.ParseInt(a, 10, 64)
	serial, err2 := strconv.Atoi(b)
	return second, serial, found && err1 == nil && err2 == nil
}
