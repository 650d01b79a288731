package simulator_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/netstack"
)

// A lab is built, is ready, and has its light switched over HTTP by the
// controller.
func Example() {
	options := gateways.Defaults(gateways.Echo)
	options.Pace = 20
	lab, err := simulator.New(simulator.LabOptions{
		Gateway: options,
		Subnet:  40,
		Wire:    func(o wire.Options) (wire.Network, error) { return netstack.New(o) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lab.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := lab.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: &http.Transport{DialContext: lab.Controller().Dial, DisableKeepAlives: true}}
	url := fmt.Sprintf("http://%s/api/%s/lights/1/state", lab.BridgeAddr(), lab.Key())
	request, _ := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader(`{"on":true}`))
	response, err := client.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	response.Body.Close()
	fmt.Println(lab.Gateway().Name, response.Status, "on:", lab.Bridge().State("1").On)
	// Output: echo 200 OK on: true
}
