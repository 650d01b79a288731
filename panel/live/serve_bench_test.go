package live

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/lab"
)

// Twenty batches of packets a second to 200 browsers over HTTP, as in a run with
// four gateways: the time of processors that a second takes, readers included.
func BenchmarkServe200(b *testing.B) {
	gin.SetMode(gin.ReleaseMode)
	h := NewHub(1024)
	e := gin.New()
	e.GET("/events", func(c *gin.Context) { Serve(c, h) })
	server := httptest.NewServer(e)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{}}
	var readers sync.WaitGroup
	var bytes atomic.Int64
	for range 200 {
		r, err := client.Get(server.URL + "/events")
		if err != nil {
			b.Fatal(err)
		}
		readers.Go(func() {
			n, _ := io.Copy(io.Discard, r.Body)
			bytes.Add(n)
			r.Body.Close()
		})
	}
	before := spent(b)
	for b.Loop() {
		for range 5 {
			for _, g := range []string{"aeotec", "echo", "nest", "home-assistant"} {
				h.Publish(lab.KindPackets, lab.Packets{Gateway: g, Count: 20, Bytes: 9000, Blips: make([]lab.Blip, 20)})
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	b.ReportMetric(float64(spent(b)-before)/float64(b.N)/1e6, "cpu-ms/s")
	h.Close()
	readers.Wait()
	b.ReportMetric(float64(bytes.Load())/200/float64(b.N), "B/viewer/s")
	client.CloseIdleConnections()
}

// spent is the processor time of this process so far.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
