package lab

import (
	"context"
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/traffic"
)

// Setup changes what the bench consists of. Changes go into the configuration
// file, whose comments are kept; they are refused with [ErrBusy] while a run is
// going on.
type Setup interface {
	// Discover asks the local network for bridges.
	Discover(ctx context.Context) ([]Bridge, error)
	// Pair asks the bridge at address for an application key until its button is
	// pressed or ctx ends ([ErrButton]), keeps the key, and makes it the bench's
	// bridge.
	Pair(ctx context.Context, address string) (Bridge, error)
	// PressButton presses the button of a simulated bridge; [ErrUnsupported] on
	// a real one.
	PressButton(ctx context.Context) error
	// Paired is the bench's bridge; Address is empty when there is none.
	Paired(ctx context.Context) Bridge
	// Lights lists the bridge's lights.
	Lights(ctx context.Context) ([]Light, error)
	// BlinkLight lets one of them blink, to see which it is.
	BlinkLight(ctx context.Context, id string) error
	// ChooseLight makes it the bulb under test.
	ChooseLight(ctx context.Context, id string) error
	// Interfaces lists this host's network interfaces.
	Interfaces(ctx context.Context) ([]Interface, error)
	// Hosts listens on an interface for the given time and lists who was heard.
	Hosts(ctx context.Context, iface string, within time.Duration) ([]Host, error)
	// Gateways lists the configured ones; SaveGateway adds one or replaces the
	// one of its name; RemoveGateway takes one out.
	Gateways(ctx context.Context) []config.Gateway
	SaveGateway(ctx context.Context, g config.Gateway) error
	RemoveGateway(ctx context.Context, name string) error
	// Checks runs the doctor's checks; each is also told to the feed as it comes.
	Checks(ctx context.Context) []Check
	// Configuration is the file as it stands. Check reads a text as the file
	// would be read. SaveConfiguration replaces the file's text if its revision is
	// still the given one ([ErrChanged]), and only by a text without mistakes,
	// which are the error otherwise ([config.Mistakes]).
	Configuration(ctx context.Context) (Configuration, error)
	Check(text string) config.Mistakes
	SaveConfiguration(ctx context.Context, text, revision string) error
}

// A Bridge as found or paired. Address is a URL.
type Bridge struct {
	Address string `json:"address"`
	ID      string `json:"id"`
	Model   string `json:"model,omitempty"`
	Name    string `json:"name,omitempty"`
	Trouble string `json:"trouble,omitempty"`
}

// An Interface of this host.
type Interface struct {
	Name      string   `json:"name"`
	Up        bool     `json:"up"`
	Addresses []string `json:"addresses"`
	// Recordable tells whether this process may capture there; Trouble says what
	// to do otherwise.
	Recordable bool   `json:"recordable"`
	Trouble    string `json:"trouble,omitempty"`
}

// A Host is somebody heard on an interface.
type Host struct {
	MAC       traffic.MAC  `json:"mac"`
	Vendor    string       `json:"vendor,omitempty"` // by the MAC's prefix
	Addresses []netip.Addr `json:"addresses"`
	// Names are what it calls itself by mDNS and DHCP; hostile until printed.
	Names   []string `json:"names"`
	Packets int      `json:"packets"`
	// Guess is the kind of gateway it might be by name and vendor; empty when
	// none.
	Guess string `json:"guess,omitempty"`
	// Configured is the gateway that has this MAC; empty when none.
	Configured string `json:"configured,omitempty"`
	// Self marks this computer, Bridge the paired bridge.
	Self   bool `json:"self,omitempty"`
	Bridge bool `json:"bridge,omitempty"`
}

// A Check is one line of the doctor's report.
type Check struct {
	Name  string `json:"check"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}

// Configuration is the file's text. Mistakes are those of the text as it stands.
type Configuration struct {
	Path     string          `json:"path"`
	Text     string          `json:"text"`
	Revision string          `json:"revision"`
	Mistakes config.Mistakes `json:"mistakes"`
}
