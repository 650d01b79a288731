package gateways

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/hueprint/hueprint/simulator/far"
)

// The names that the paper gives, and that of the Echo's long stream.
const (
	alexaAPI       = "api.amazonalexa.com"
	alexaMetrics   = "device-metrics-us-2.amazon.com"
	alexaUpdates   = "softwareupdates.amazon.com"
	alexaContent   = "d3p8zr0ffa9t17.cloudfront.net"
	alexaPortal    = "acsechocaptiveportal.com"
	fireOSPortal   = "fireoscaptiveportal.com"
	alexaDirective = "bob-dispatch-prod-eu.amazon.com"
	alexaClock     = "ntp-g7g.amazon.com"
)

// echoOthers are the rest of the Echo's 23 names; the paper shows them only in
// a figure, so these stand for them.
func echoOthers() []string {
	return []string{
		"d1s31zyz7dcc2d.cloudfront.net", "alexa.amazon.com", "dcape-na.amazon.com", "unagi-na.amazon.com",
		"msh.amazon.com", "dp-gw-na.amazon.com", "arcus-uswest.amazon.com", "todo-ta-g7g.amazon.com",
		"prod.amazoncrl.com", "ocsp.sca1b.amazontrust.com", "device-messaging-na.amazon.com",
		"kinesis.us-east-1.amazonaws.com", "transient.amazon.com", "api.amazon.com", "www.meethue.com",
	}
}

// echo is the Amazon Echo Dot (section 4.2 of the paper). In its week it asked
// for 23 names (2,014 times for one of them), sent bursts of ten pings to the
// router every five minutes, had 31 NTP conversations, 3,047 short streams to
// one cloud and 1,204 to another, 8 to its update server, and read from the
// bridge by plain HTTP. Nothing follows a light's change.
func (g *Gateway) echo() []errand {
	cloud := g.line(alexaDirective, tls.VersionTLS12, between(g.paced(20*time.Hour), g.paced(28*time.Hour)), g.paced(5*time.Minute))
	polled := g.ready.need("first poll of the bridge")
	config := "http://" + g.home.Bridge.Addr.String() + "/api/" + g.home.Bridge.Key + "/config"
	errands := []errand{
		cloud.errand(), g.once("first poll of the bridge", g.poll(config, polled)),
		g.every("poll of the bridge", time.Minute, g.poll(config, polled)),
		g.every("pings", 5*time.Minute, g.ping(g.home.Router, 10, 200*time.Millisecond)),
		g.every("content", 300300*time.Millisecond, g.get("http://"+alexaContent+"/manifest")),
		g.every("API connection", 198500*time.Millisecond, g.post("https://"+alexaAPI+"/v1/events", 700)),
		g.every("metrics", 502300*time.Millisecond, g.post("https://"+alexaMetrics+"/metricsBatch", 1900)),
		g.irregularly("updates", pause{30 * time.Hour, 15*time.Minute + 33*time.Second, 25*time.Hour + 35*time.Minute + time.Second}, g.get("https://"+alexaUpdates+"/check")),
		g.every("captive portal", 30*time.Minute, g.get("http://"+alexaPortal+"/")),
		g.every("second captive portal", 30*time.Minute, g.portal),
		g.every("time", 19510*time.Second, g.synchronise(alexaClock)),
	}
	for _, name := range echoOthers() {
		errands = append(errands, g.every("name "+name, 6*time.Hour, g.lookup(name)))
	}
	return append(append(errands, g.decoys(cloud)...), g.turned(cloud)...)
}

// portal checks for a captive portal with two requests on one connection, the
// second of which is no HTTP: the answers are 204 and 400.
func (g *Gateway) portal(ctx context.Context) error {
	conn, err := g.dial(ctx, "tcp", fireOSPortal+":80")
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	answers := bufio.NewReader(conn)
	var got [2]int
	for i, request := range []string{
		"GET /generate_204 HTTP/1.1\r\nHost: " + fireOSPortal + "\r\n\r\n",
		"GET\r\n\r\n",
	} {
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			return fmt.Errorf("captive portal: %w", err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		got[i] = response.StatusCode
		if err := errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
	}
	if got != [2]int{http.StatusNoContent, http.StatusBadRequest} {
		return fmt.Errorf("captive portal answered %v", got)
	}
	return nil
}

func echoFarEnds() []far.End {
	return []far.End{
		{Host: "alexa-directives", Names: []string{alexaDirective}, Services: far.Stream, MaxTLS: tls.VersionTLS12},
		{Host: "alexa-api", Names: []string{alexaAPI}, Services: far.Web},
		{Host: "alexa-metrics", Names: []string{alexaMetrics}, Services: far.Web, MaxTLS: tls.VersionTLS12},
		{Host: "alexa-updates", Names: []string{alexaUpdates}, Services: far.Web},
		{Host: "alexa-content", Names: []string{alexaContent}, Services: far.Web},
		{Host: "alexa-portals", Names: []string{alexaPortal, fireOSPortal}, Services: far.Web},
		{Host: "alexa-clock", Names: []string{alexaClock}, Services: far.Time},
		{Host: "alexa-others", Names: echoOthers(), Services: far.Web},
	}
}
