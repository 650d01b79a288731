package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic/pseudonym"
)

const (
	manifestFile = "bundle.json"
	readmeFile   = "README.md"
	schema       = "hueprint/bundle/1"
)

// A Manifest is bundle.json.
type Manifest struct {
	Schema string `json:"schema"`
	// Version is that of the program that made the bundle.
	Version string          `json:"version"`
	Licence string          `json:"licence"`
	Names   pseudonym.Names `json:"names"`
	// Shifted tells whether all times were moved by one secret offset.
	Shifted bool     `json:"time_shifted"`
	Runs    []Entry  `json:"runs"`
	Done    []string `json:"what_was_done"`
	// Pseudonyms lists those that were given, so that a check can tell what was
	// replaced. They say nothing of what they stand for.
	Pseudonyms Pseudonyms `json:"pseudonyms"`
	// Files is keyed by the path inside the bundle, with slashes.
	Files map[string]runs.Digest `json:"files"`
}

// An Entry is one run of a bundle.
type Entry struct {
	Folder    string `json:"folder"`
	Run       string `json:"run"`
	Simulated bool   `json:"simulated,omitempty"`
}

// Pseudonyms are the addresses, MAC addresses and labels of names that stand in
// the place of others.
type Pseudonyms struct {
	Addresses []string `json:"addresses"`
	MACs      []string `json:"macs"`
	Labels    []string `json:"labels"`
}

func (w *writer) manifest() Manifest {
	o := w.options
	m := Manifest{Schema: schema, Version: o.Version, Licence: o.Licence, Names: o.Names, Shifted: o.Shift, Done: []string{
		"Packets were cut: TCP content to TLS record headers, ClientHello and ServerHello; DNS and mDNS messages are there whole, of other datagrams the headers. Lengths on the wire are the original ones.",
		"IP addresses were replaced, preserving prefixes (Crypto-PAn, Xu et al. 2002) within each special-purpose range (RFC 6890): private addresses stay private, documentation addresses documentation, and so on. Group and broadcast addresses are original.",
		"MAC addresses keep the vendor's three bytes; the rest was permuted. Group addresses are original.",
		"TLS randoms, session IDs and tickets, NTP references and timestamps, IP options, and DNS records other than addresses and names were blanked.",
		"IP checksums, and those of transport segments that are there whole, were computed anew; the others were carried over the change of addresses (RFC 1624).",
		"Interfaces, the bridge's name and ID, paths, mail addresses, keys and passwords were replaced or masked in run.json and commands.jsonl.",
		"Operator notes were left out; who started a run, and its tags, were masked.",
	}}
	if o.Names == pseudonym.HashNames {
		m.Done = append(m.Done, "Labels of host names were replaced by others of the same length; public suffixes and service labels (_tcp) stay. QUIC Initials were cut to their headers.")
	} else {
		m.Done = append(m.Done, "Names of the home (.local, single labels, reverse names), and labels of public names that hold addresses or long numbers, were replaced by labels of the same length; other names of the public Internet are original.")
	}
	if o.Shift {
		m.Done = append(m.Done, "All times were moved by one secret offset; run IDs were drawn anew.")
	}
	if m.Licence == "" {
		m.Licence = "none chosen: ask the authors before you use it"
	}
	return m
}

// finish writes what stands beside the runs.
func (w *writer) finish(m *Manifest) error {
	m.Pseudonyms = Pseudonyms{w.mapper.Addresses(), w.mapper.MACs(), w.mapper.Labels()}
	if err := os.WriteFile(filepath.Join(w.dir, readmeFile), []byte(readme(*m)), 0o644); err != nil {
		return err
	}
	m.Files = map[string]runs.Digest{}
	err := fs.WalkDir(os.DirFS(w.dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			m.Files[path], err = digest(filepath.Join(w.dir, filepath.FromSlash(path)))
		}
		return err
	})
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir, manifestFile), append(data, '\n'), 0o644)
}

func digest(path string) (runs.Digest, error) {
	file, err := os.Open(path)
	if err != nil {
		return runs.Digest{}, err
	}
	defer file.Close()
	h := sha256.New()
	n, err := io.Copy(h, file)
	return runs.Digest{Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// readManifest reads bundle.json; ok is false where there is none.
func readManifest(dir string) (m Manifest, ok bool, err error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return m, false, fmt.Errorf("read %s: %w", manifestFile, err)
	}
	return m, true, nil
}

// readme writes for people what bundle.json says.
func readme(m Manifest) string {
	var b strings.Builder
	b.WriteString("# Traffic of smart-home gateways around toggles of a light\n\n")
	fmt.Fprintf(&b, "Made with hueprint %s from %d runs. Each folder is a run: `run.json` (the design and the facts), `commands.jsonl` (every command and what came of it), `capture/*.pcapng` (the gateway's packets), `findings.json` and `report.html` (derived), `manifest.json` (SHA-256).\n\n", m.Version, len(m.Runs))
	for _, r := range m.Runs {
		note := ""
		if r.Simulated {
			note = " (simulated: evidence for nothing about real gateways)"
		}
		fmt.Fprintf(&b, "- `%s`%s\n", r.Folder, note)
	}
	b.WriteString("\nRead a run again with\n\n")
	if len(m.Runs) > 0 {
		fmt.Fprintf(&b, "    hueprint analyze %s\n", m.Runs[0].Folder)
	}
	b.WriteString("\n## What was done to it\n\n")
	for _, done := range m.Done {
		fmt.Fprintf(&b, "- %s\n", done)
	}
	b.WriteString("\nThe names of the gateways and of the experiment are those that the lab gave them. Pseudonyms are the same in all runs of this bundle. Whoever could send packets into the recorded network, or knows some of its addresses, can learn prefixes of others: do not try.\n")
	fmt.Fprintf(&b, "\n## Licence\n\n%s\n", oneLine(m.Licence))
	b.WriteString("\n## How to cite\n\nAuthors (year): title of the dataset, version, DOI. Name hueprint and its version in the methods. (Authors: replace this paragraph before publishing, and read `hueprint bundle --check` first.)\n")
	return b.String()
}

// oneLine keeps a text of the operator from breaking the README.
func oneLine(s string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	return strings.Join(strings.Fields(printable), " ")
}
