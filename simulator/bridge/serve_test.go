package bridge_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/simulator/bridge"
)

// When Serve returns nothing is left, whatever clients were doing: one that
// said nothing, one on the event stream, one that waits for an answer.
func TestNothingIsLeftAfterServe(t *testing.T) {
	b, err := bridge.New(bridge.Options{Keys: map[string]string{"lab#test": testKey}})
	if err != nil {
		t.Fatal(err)
	}
	plain, secure := listen(t), listen(t)
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, plain, secure) }()

	transport := &http.Transport{TLSClientConfig: trust(b)}
	client := &http.Client{Transport: transport}
	mute, err := net.Dial("tcp", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	req, _ := http.NewRequest(http.MethodGet, "https://"+secure.Addr().String()+"/eventstream/clip/v2", nil)
	req.Header.Set("hue-application-key", testKey)
	stream, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	b.SetFault(bridge.FaultSilent)
	unanswered := make(chan error, 1)
	go func() {
		_, err := client.Get("http://" + plain.Addr().String() + "/api/config")
		unanswered <- err
	}()
	for len(b.Requests()) < 2 {
		time.Sleep(time.Millisecond)
	}
	b.TouchLight("1", func(s *bridge.LightState) { s.On = true }) // an event is on its way

	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Serve does not return")
	}
	if err := <-unanswered; err == nil {
		t.Error("the silent bridge answered")
	}
	stream.Body.Close()
	transport.CloseIdleConnections()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
