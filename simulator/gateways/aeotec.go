package gateways

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/hueprint/hueprint/simulator/far"
)

// The three names that the Aeotec Smart Home Hub asks for.
const (
	smartThingsAPI     = "api.smartthings.com"
	smartThingsUpdate  = "fw-update2.smartthings.com"
	smartThingsConnect = "dc-eu01-euwest1.connect.smartthings.com"
)

// aeotec is the Aeotec Smart Home Hub (section 4.1 of the paper). In its week
// it asked 39,429 times for three names, connected 14,446 times to its API
// (every minute, and sometimes twice), and held one stream for 6.5 days, idle
// but for TCP keep-alives and what the cloud pushed. It never asked for the
// time. A change of a light goes out on that stream as the frames of Table 1.
func (g *Gateway) aeotec() []errand {
	cloud := g.line(smartThingsConnect, tls.VersionTLS12, between(g.paced(150*time.Hour), g.paced(162*time.Hour)), 0)
	again := g.chance("second connection")
	errands := []errand{
		g.subscription(), g.reactions(cloud), cloud.errand(),
		g.every("API connection", time.Minute, func(ctx context.Context) error {
			err := g.post("https://"+smartThingsAPI+"/hub/status", 420)(ctx)
			if again.Float64() < 0.433 {
				err = errors.Join(err, g.get("https://"+smartThingsAPI+"/hub/jobs")(ctx))
			}
			return err
		}),
		g.every("name of the stream's cloud", time.Minute, g.lookup(smartThingsConnect)),
		g.every("name of the update server", 40600*time.Millisecond, g.lookup(smartThingsUpdate)),
	}
	return append(errands, g.decoys(cloud)...)
}

func aeotecFarEnds(pace float64) []far.End {
	return []far.End{
		{Host: "smartthings-api", Names: []string{smartThingsAPI}, Services: far.Web, MaxTLS: tls.VersionTLS12},
		{Host: "smartthings-update", Names: []string{smartThingsUpdate}, Services: far.Web, MaxTLS: tls.VersionTLS12},
		{
			Host: "smartthings-connect", Names: []string{smartThingsConnect}, Services: far.Stream,
			MaxTLS: tls.VersionTLS12, Push: time.Duration(float64(2*time.Hour) / pace),
		},
	}
}
