package pseudonym

import (
	"encoding/binary"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// homeSuffixes end names that mean nothing outside one home (RFC 6761, RFC
// 6762, RFC 8375 and custom); what stands before them is hashed in any case.
var homeSuffixes = []string{"local", "home", "lan", "internal", "localdomain", "localhost", "intranet", "private", "corp", "test", "invalid",
	"home.arpa", "in-addr.arpa", "ip6.arpa"}

var (
	// service is a label that names a service or protocol (RFC 6335).
	service = regexp.MustCompile(`^_[a-z0-9-]{1,15}$`)
	// telling is a label of a public name with an address or a long number in it.
	telling = regexp.MustCompile(`([0-9]{1,3}[-_x]){3}[0-9]{1,3}|[0-9a-f]{10,}|[0-9]{8,}`)
)

// Name is the pseudonym of a host name in presentation form, of the same length.
func (m *Mapper) Name(name string) string {
	labels := strings.Split(name, ".")
	if m.mapLabels(labels) {
		return strings.Join(labels, ".")
	}
	return name
}

// mapLabels replaces labels in place and tells whether any was.
func (m *Mapper) mapLabels(labels []string) (changed bool) {
	kept, home := suffix(labels)
	for i, label := range labels[:len(labels)-kept] {
		lower := strings.ToLower(label)
		if label == "" || label == "*" || service.MatchString(lower) || !home && m.names == KeepNames && !telling.MatchString(lower) {
			continue
		}
		labels[i], changed = m.label(lower, len(label)), true
	}
	return changed
}

// Telling lists the labels of a name, in lower case, that a [Mapper] replaces at
// [KeepNames]: those that could name a person, a home or a device.
func Telling(name string) (found []string) {
	labels := strings.Split(name, ".")
	kept, home := suffix(labels)
	for _, label := range labels[:len(labels)-kept] {
		lower := strings.ToLower(label)
		if label != "" && label != "*" && !service.MatchString(lower) && (home || telling.MatchString(lower)) {
			found = append(found, lower)
		}
	}
	return found
}

// suffix counts the last labels that stay, and tells whether the name is of the
// home.
func suffix(labels []string) (kept int, home bool) {
	labels = slices.Clone(labels)
	trailing := 0
	for len(labels) > 0 && labels[len(labels)-1] == "" { // the final dot
		labels, trailing = labels[:len(labels)-1], trailing+1
	}
	name := strings.ToLower(strings.Join(labels, "."))
	for _, s := range homeSuffixes {
		if name == s || strings.HasSuffix(name, "."+s) {
			kept, home = max(kept, strings.Count(s, ".")+1), true
		}
	}
	if home {
		return kept + trailing, true
	}
	for i := range labels { // the longest suffix that a registry hands names out below, not a company
		tail := strings.ToLower(strings.Join(labels[i:], "."))
		if public, registry := publicsuffix.PublicSuffix(tail); public == tail && registry {
			return len(labels) - i + trailing, false
		}
	}
	return trailing, true // one label, an address, or a suffix nobody delegates
}

// label is the pseudonym of a label, of the same length.
func (m *Mapper) label(lower string, length int) string {
	id := string(binary.AppendUvarint(nil, uint64(length))) + lower
	if token, ok := m.labels[id]; ok {
		return token
	}
	const tries = 256
	token := ""
	for try := range uint64(tries) {
		token = m.token(binary.AppendUvarint([]byte("label\x00"+id+"\x00"), try), length)
		if !m.taken[token] {
			break
		}
	}
	m.labels[id], m.taken[token] = token, true
	return token
}

// token writes letters and digits that begin with a letter.
func (m *Mapper) token(seed []byte, length int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	out := make([]byte, 0, length)
	for block := uint64(0); len(out) < length; block++ {
		sum := m.derive(string(binary.AppendUvarint(slices.Clone(seed), block)))
		for _, c := range sum {
			if len(out) == 0 {
				out = append(out, letters[c%26])
			} else if len(out) < length {
				out = append(out, letters[c%32])
			}
		}
	}
	return string(out[:length])
}
