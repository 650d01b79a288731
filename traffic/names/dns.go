package names

import (
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// mostAnswers bounds how many records of one message are read.
const mostAnswers = 256

// A Question is one that a DNS message asks.
type Question struct {
	// Name is in presentation form without the final dot.
	Name string
	// Type is the record type's mnemonic, such as AAAA, or TYPEn.
	Type string
}

// String is "name type".
func (q Question) String() string { return q.Name + " " + q.Type }

// Questions returns what a DNS query asks; none of a response, or of bytes
// that are no DNS message.
func Questions(message []byte) []Question {
	var p dnsmessage.Parser
	h, err := p.Start(message)
	if err != nil || h.Response {
		return nil
	}
	var asked []Question
	for range mostAnswers {
		q, err := p.Question()
		if err != nil {
			break
		}
		asked = append(asked, Question{Clean(q.Name.String()), typeName(q.Type)})
	}
	return asked
}

// LearnDNS learns from a DNS or mDNS response: each address is called what the
// message's question asked for, whatever aliases led there, or by the record's
// own name where nothing was asked. A message that is cut or wrong is read up
// to there.
func (b *Book) LearnDNS(message []byte, at time.Time) {
	var p dnsmessage.Parser
	h, err := p.Start(message)
	if err != nil || !h.Response {
		return
	}
	questions, err := p.AllQuestions()
	if err != nil {
		return
	}
	asked := ""
	if len(questions) == 1 {
		asked = questions[0].Name.String()
	}
	b.records(asked, at, p.AnswerHeader, p.SkipAnswer, &p)
	if asked == "" && p.SkipAllAuthorities() == nil {
		b.records(asked, at, p.AdditionalHeader, p.SkipAdditional, &p)
	}
}

// records learns from one section of a message.
func (b *Book) records(asked string, at time.Time, next func() (dnsmessage.ResourceHeader, error), skip func() error, p *dnsmessage.Parser) {
	for range mostAnswers {
		h, err := next()
		if err != nil {
			return
		}
		name := asked
		if name == "" {
			name = h.Name.String()
		}
		switch h.Type {
		case dnsmessage.TypeA:
			var r dnsmessage.AResource
			if r, err = p.AResource(); err == nil {
				b.Learn(netip.AddrFrom4(r.A), name, at)
			}
		case dnsmessage.TypeAAAA:
			var r dnsmessage.AAAAResource
			if r, err = p.AAAAResource(); err == nil {
				b.Learn(netip.AddrFrom16(r.AAAA), name, at)
			}
		default:
			err = skip()
		}
		if err != nil {
			return
		}
	}
}

// typeName is the mnemonic of a record type (RFC 3597 for unknown ones).
func typeName(t dnsmessage.Type) string {
	const https, svcb = 65, 64
	switch t {
	case https:
		return "HTTPS"
	case svcb:
		return "SVCB"
	}
	s := t.String()
	if name, known := strings.CutPrefix(s, "Type"); known {
		return name
	}
	return "TYPE" + s
}
