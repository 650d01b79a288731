package live

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/panel/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// take reads n events, or those that come before a second has passed.
func take(ctx context.Context, feed lab.Feed, after string, n int) []lab.Event {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var got []lab.Event
	if n == 0 {
		return nil
	}
	for e := range feed.Events(ctx, after) {
		if got = append(got, e); len(got) == n {
			break
		}
	}
	return got
}

func kinds(events []lab.Event) (list []lab.Kind) {
	for _, e := range events {
		list = append(list, e.Kind)
	}
	return list
}

func TestAReaderResumesWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(16)
		h.Publish(lab.KindState, 0)
		var first []lab.Event
		var reading sync.WaitGroup
		reading.Go(func() { first = take(t.Context(), h, "", 2) })
		synctest.Wait()
		for i := range 5 {
			h.Publish(lab.KindState, i+1)
		}
		reading.Wait()
		if len(first) != 2 || string(first[0].Data) != "1" || string(first[1].Data) != "2" {
			t.Fatalf("from now on: %v", first)
		}
		rest := take(t.Context(), h, first[1].ID, 3)
		if len(rest) != 3 || string(rest[0].Data) != "3" || string(rest[2].Data) != "5" {
			t.Errorf("resumed: %v", rest)
		}
		if again := take(t.Context(), h, rest[2].ID, 1); len(again) != 0 {
			t.Errorf("after the last: %v", again)
		}
	})
}

func TestWhoMissedEventsIsToldToReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, other := NewHub(16), NewHub(16)
		other.Publish(lab.KindState, 1)
		foreign := take(t.Context(), other, other.id(0), 1)[0].ID
		for i := range 20 {
			h.Publish(lab.KindState, i)
		}
		for _, after := range []string{foreign, h.id(3), h.id(21), "nonsense", h.epoch, h.epoch + "-", h.epoch + "--1", h.epoch + "-18446744073709551615"} {
			got := take(t.Context(), h, after, 1)
			if len(got) != 1 || got[0].Kind != lab.KindReset || got[0].ID != h.id(20) || string(got[0].Data) != "null" {
				t.Errorf("after %q: %v", after, got)
			}
		}
		for n := 4; n < 20; n++ {
			if got := take(t.Context(), h, h.id(uint64(n)), 20-n); len(got) != 20-n || slices.Contains(kinds(got), lab.KindReset) {
				t.Errorf("after %d: %v", n, kinds(got))
			}
		}
	})
}

// A reader that sleeps while the ring passes it by loses events, is told so, and
// holds up nobody.
func TestASleeperIsPassedBy(t *testing.T) {
	h := NewHub(16)
	defer h.Close()
	next, stop := iter.Pull(h.Events(t.Context(), h.id(0)))
	defer stop()
	h.Publish(lab.KindState, 0)
	if e, ok := next(); !ok || string(e.Data) != "0" {
		t.Fatalf("first: %v", e)
	}
	for i := range 1000 {
		h.Publish(lab.KindState, i+1)
	}
	if e, ok := next(); !ok || e.Kind != lab.KindReset {
		t.Fatalf("after a thousand: %v", e)
	}
	h.Publish(lab.KindRun, 1)
	if e, ok := next(); !ok || e.Kind != lab.KindRun {
		t.Fatalf("after the reset: %v", e)
	}
}

// Whatever is published and however slowly it is read, a reader gets the events
// in order, loses none but packets without being told, and the counts of all
// packets that it gets add up.
func TestNothingIsLostSilently(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := NewHub(64)
		next, stop := iter.Pull(h.Events(context.Background(), h.id(0)))
		defer stop()
		sent, count, got := 0, map[string]int{}, map[string]int{}
		order := []int{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 60), 1, 4).Draw(t, "published between reads") {
			for range n {
				sent++
				if gateway := rapid.SampledFrom([]string{"", "echo", "nest"}).Draw(t, "gateway"); gateway == "" {
					h.Publish(lab.KindState, sent)
				} else {
					blips := make([]lab.Blip, rapid.IntRange(0, 15).Draw(t, "blips"))
					h.Publish(lab.KindPackets, lab.Packets{Gateway: gateway, Count: len(blips), Blips: blips})
					count[gateway] += len(blips)
				}
			}
			for n > 0 {
				e, ok := next()
				if !ok || e.Kind == lab.KindReset {
					t.Fatalf("reset, or the end, after %d events", sent)
				}
				note(t, e, got, &order)
				if e.ID == h.id(h.last) {
					break
				}
			}
		}
		for g := range count {
			if got[g] != count[g] {
				t.Fatalf("of %s %d packets came, %d were told", g, got[g], count[g])
			}
		}
		if !slices.IsSorted(order) {
			t.Fatalf("out of order: %v", order)
		}
	})
}

func note(t *rapid.T, e lab.Event, got map[string]int, order *[]int) {
	if e.Kind != lab.KindPackets {
		n := 0
		_, err := fmt.Sscan(string(e.Data), &n)
		if err != nil {
			t.Fatal(err)
		}
		*order = append(*order, n)
		return
	}
	var p lab.Packets
	if err := json.Unmarshal(e.Data, &p); err != nil || len(p.Blips) > blipsAtMost {
		t.Fatalf("%d blips, %v", len(p.Blips), err)
	}
	got[p.Gateway] += p.Count
}

func TestALateReaderGetsPacketsTogether(t *testing.T) {
	h := NewHub(256)
	at := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	for i := range 30 {
		for _, g := range []string{"echo", "nest"} {
			h.Publish(lab.KindPackets, lab.Packets{Gateway: g, Count: 20, Bytes: 100, Blips: []lab.Blip{{At: at.Add(time.Duration(i) * time.Second), Size: 60 + i},
				{At: at.Add(time.Duration(i) * time.Second), Size: 1}, {At: at.Add(time.Duration(i) * time.Second), Size: 2}, {Size: 3}, {Size: 4}, {Size: 5}, {Size: 6}, {Size: 7}, {Size: 8}}})
		}
		if i == 10 {
			h.Publish(lab.KindSlot, lab.Slot{Number: 3})
		}
	}
	got := take(t.Context(), h, h.id(0), 3)
	if want := []lab.Kind{lab.KindSlot, lab.KindPackets, lab.KindPackets}; !slices.Equal(kinds(got), want) {
		t.Fatalf("kinds %v, want %v", kinds(got), want)
	}
	var p lab.Packets
	if err := json.Unmarshal(got[2].Data, &p); err != nil {
		t.Fatal(err)
	}
	if p.Gateway != "nest" || p.Count != 600 || p.Bytes != 3000 || len(p.Blips) != blipsAtMost || got[2].ID != h.id(61) {
		t.Errorf("%s: %d packets, %d bytes, %d blips, ID %s", p.Gateway, p.Count, p.Bytes, len(p.Blips), got[2].ID)
	}
	if !slices.IsSortedFunc(p.Blips, func(a, b lab.Blip) int { return a.At.Compare(b.At) }) || p.Blips[len(p.Blips)-1].Size != 1 && p.Blips[len(p.Blips)-1].Size < 60 {
		t.Error("the blips are out of order, or the large ones are missing")
	}
}

func TestClosingEndsAllReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(16)
		var most atomic.Int32
		a := &Audience{Feed: h, Counted: func(n int) { most.Store(max(most.Load(), int32(n))) }}
		var readers sync.WaitGroup
		for range 200 {
			readers.Go(func() {
				for range a.Events(t.Context(), "") {
				}
			})
		}
		synctest.Wait()
		h.Publish(lab.KindState, 1)
		synctest.Wait()
		if a.Readers() != 200 || most.Load() != 200 {
			t.Errorf("%d readers, at most %d", a.Readers(), most.Load())
		}
		h.Close()
		h.Close()
		readers.Wait()
		h.Publish(lab.KindState, 2)
		if a.Readers() != 0 || len(take(t.Context(), h, "", 1)) != 0 {
			t.Error("somebody still reads")
		}
	})
}

func TestDataThatIsNoJSONIsAReset(t *testing.T) {
	h := NewHub(16)
	h.Publish(lab.KindState, func() {})
	if got := take(t.Context(), h, h.id(0), 1); len(got) != 1 || got[0].Kind != lab.KindReset {
		t.Errorf("%v", got)
	}
}

// One event to 200 readers: encoded once, about a microsecond a reader.
func BenchmarkPublishTo200(b *testing.B) {
	h := NewHub(1024)
	var readers sync.WaitGroup
	var got atomic.Int64
	for range 200 {
		readers.Go(func() {
			for range h.Events(context.Background(), h.id(0)) {
				got.Add(1)
			}
		})
	}
	batch := lab.Packets{Gateway: "aeotec", Count: 40, Bytes: 9000, Blips: make([]lab.Blip, 40)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Publish(lab.KindPackets, batch)
		for got.Load() < int64(200*(i+1)) {
			time.Sleep(10 * time.Microsecond)
		}
	}
	h.Close()
	readers.Wait()
}
