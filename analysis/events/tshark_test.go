package events_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// tsharkFields runs tshark over a capture, one slice of fields a frame.
func tsharkFields(t *testing.T, path, filter string, fields ...string) [][]string {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal(err)
		}
		t.Skip("needs tshark: install it to compare the records")
	}
	args := []string{"-n", "-r", path, "-Y", filter, "-T", "fields", "-E", "separator=|"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command(tshark, args...).Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSpace(line), "|"))
	}
	return rows
}

// tsharkRecords lists the application data of a capture, "number direction
// far end length" each.
func tsharkRecords(t *testing.T, path, gateway string) []string {
	var out []string
	for _, row := range tsharkFields(t, path, "tls.record && ip.addr=="+gateway,
		"frame.number", "ip.src", "ip.dst", "tls.record.content_type", "tls.record.length") {
		direction, far := "in", row[1]
		if row[1] == gateway {
			direction, far = "out", row[2]
		}
		lengths := strings.Split(row[4], ",")
		for i, kind := range strings.Split(row[3], ",") {
			if kind == "23" {
				out = append(out, fmt.Sprintf("%s %s %s %s", row[0], direction, far, lengths[i]))
			}
		}
	}
	return out
}

func TestRecordsAndPacketsAgreeWithTshark(t *testing.T) {
	root := dataFolder(t)
	for _, home := range []string{"no-firewall", "base-firewall", "my-firewall"} {
		t.Run(home, func(t *testing.T) {
			dir := filepath.Join(root, "tplink-plug", home)
			path, gw := filepath.Join(dir, "capture.pcap"), gatewayOf(t, dir)
			wanted := tsharkRecords(t, path, gw.Addrs[0].String())
			log, err := events.Extract(decode.Packets(readFrames(t, path), nil), gw, traffic.Peers{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range log.Events {
				if e.Kind == events.TLSRecord {
					got = append(got, fmt.Sprintf("%d %v %v %d", e.Number, e.Direction, e.Peer, e.Length))
				}
			}
			slices.Sort(wanted)
			slices.Sort(got)
			if d := gocmp.Diff(wanted, got); d != "" {
				t.Errorf("records (-tshark +ours):\n%s", d)
			}
			address := gw.Addrs[0].String()
			frames := len(tsharkFields(t, path, "frame", "frame.number"))
			own := len(tsharkFields(t, path, fmt.Sprintf("ip.addr==%s || (arp && arp.src.proto_ipv4==%s) || (arp && arp.dst.proto_ipv4==%s && !(eth.dst.ig==1))", address, address, address), "frame.number"))
			if log.Frames != frames || log.Packets+log.Duplicates != own {
				t.Errorf("%d frames, %d+%d own; tshark has %d and %d", log.Frames, log.Packets, log.Duplicates, frames, own)
			}
			t.Logf("%d frames, %d own, %d recorded twice, %d retransmissions, %d keep-alives, %d records", frames, log.Packets, log.Duplicates, log.Retransmissions, log.KeepAlives, len(got))
		})
	}
}
