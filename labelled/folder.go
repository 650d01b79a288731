package labelled

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// The files of a labelled folder, beside capture.pcap*.
const (
	actionsFile = "actions.csv"
	gatewayFile = "gateway.txt"
)

// IsFolder tells whether dir is a labelled folder: whether it holds a table of
// actions and a gateway's address.
func IsFolder(dir string) bool {
	for _, name := range []string{actionsFile, gatewayFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// Open reads the folder's table and address; its captures are read when the
// packets are asked for.
func Open(dir string) (analysis.Labelled, error) {
	text, err := os.ReadFile(filepath.Join(dir, gatewayFile))
	if err != nil {
		return analysis.Labelled{}, fmt.Errorf("read the gateway's address: %w", err)
	}
	gateway, err := ParseGateway(string(text))
	if err != nil {
		return analysis.Labelled{}, fmt.Errorf("%s: %w", filepath.Join(dir, gatewayFile), err)
	}
	captures, err := fs.Glob(os.DirFS(dir), "capture.pcap*") // dir itself is no pattern
	for i := range captures {
		captures[i] = filepath.Join(dir, captures[i])
	}
	if err != nil || len(captures) == 0 {
		return analysis.Labelled{}, errors.Join(err, fmt.Errorf("%s holds no capture.pcap, capture.pcapng or compressed form of them", dir))
	}
	return Capture(filepath.Base(filepath.Clean(dir)), captures, filepath.Join(dir, actionsFile), gateway)
}

// Capture joins capture files with the table of actions at path.
func Capture(name string, captures []string, path string, gateway traffic.Gateway) (analysis.Labelled, error) {
	f, err := os.Open(path)
	if err != nil {
		return analysis.Labelled{}, fmt.Errorf("read the list of actions: %w", err)
	}
	defer f.Close()
	actions, err := ReadActions(io.LimitReader(f, 64<<20), path)
	if err != nil {
		return analysis.Labelled{}, err
	}
	for _, c := range captures {
		if _, err := os.Stat(c); err != nil {
			return analysis.Labelled{}, fmt.Errorf("read capture: %w", err)
		}
	}
	return analysis.Labelled{Name: name, Gateway: gateway, Actions: actions, Packets: packets(captures)}, nil
}

func packets(captures []string) iter.Seq2[traffic.Packet, error] {
	return func(yield func(traffic.Packet, error) bool) {
		var stats decode.Stats
		decode.Packets(steady(capture.Files(captures...)), &stats)(yield)
	}
}

// ParseGateway reads the address by which a device is known: one or several IP
// or MAC addresses, separated by spaces, commas or line breaks.
func ParseGateway(s string) (traffic.Gateway, error) {
	fields := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,;\t\r\n", r) })
	if len(fields) == 0 {
		return traffic.Gateway{}, errors.New("no address: want the gateway's IP or MAC address")
	}
	g := traffic.Gateway{Name: fields[0]}
	for _, field := range fields {
		if addr, err := netip.ParseAddr(field); err == nil {
			g.Addrs = append(g.Addrs, addr.WithZone("").Unmap())
			continue
		}
		mac, err := traffic.ParseMAC(field)
		if err != nil {
			return traffic.Gateway{}, fmt.Errorf("%q is neither an IP nor a MAC address", field)
		}
		g.MACs = append(g.MACs, mac)
	}
	return g, nil
}
