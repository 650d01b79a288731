package events

import (
	"cmp"
	"slices"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/tlsrec"
)

const (
	// messageGap parts two messages of one direction.
	messageGap = 20 * time.Millisecond
	// mostUndecided bounds the messages kept of a connection of which it is not
	// yet known whether it is TLS; then it is taken for none.
	mostUndecided   = 256
	applicationData = 23
	// leastOpen connections are kept in any case; lingering is how long an
	// ended one may still have packets under way.
	leastOpen = 4096
	lingering = 4 * time.Minute
)

// conversation is one TCP connection.
type conversation struct {
	flow    int32
	last    time.Time
	out, in side
	// syn is the sequence number of the client's SYN, once seen (hasSYN), or
	// as the server's answer tells it (hasAnswer).
	syn               uint32
	hasSYN, hasAnswer bool
	ended             bool
	verdict           tlsrec.Verdict
	// messages wait until the verdict.
	messages []Event
}

// side is one direction of a connection.
type side struct {
	stream  tlsrec.Stream
	hello   tlsrec.HelloReader
	message Event // Length 0: none is open
}

// segment takes a TCP packet.
func (x *extractor) segment(p *traffic.Packet, d traffic.Direction) {
	c := x.conversation(p, d)
	x.ends(c, p, d)
	from, to := &c.out, &c.in
	if d == traffic.In {
		from, to = to, from
	}
	if p.Flags.Has(traffic.ACK) {
		to.stream.Acked(p.Ack)
	}
	records, fate, fresh := from.stream.Segment(p)
	switch fate {
	case tlsrec.Repeated:
		x.log.Retransmissions++
	case tlsrec.Probe:
		x.log.KeepAlives++
	}
	x.records(c, from, d, records)
	if fresh > 0 && c.verdict != tlsrec.TLS {
		x.message(c, from, p, d, fresh)
	}
	x.decide(c)
}

// conversation finds the packet's connection. A SYN with another sequence
// number than the known one begins a new connection between the same ends.
func (x *extractor) conversation(p *traffic.Packet, d traffic.Direction) *conversation {
	key := p.Flow()
	opens := p.Flags.Has(traffic.SYN) && !p.Flags.Has(traffic.ACK)
	c := x.conversations[key]
	if c != nil && !(opens && c.begunOtherwise(p.Seq)) {
		c.last = p.Time
		return c
	}
	if c != nil {
		x.close(c)
	}
	x.forget(p.Time)
	c = &conversation{flow: x.newFlow(p, d), last: p.Time}
	x.conversations[key] = c
	return c
}

// forget closes connections that ended a while ago, once there are many.
func (x *extractor) forget(now time.Time) {
	if len(x.conversations) < x.mostOpen {
		return
	}
	var over []*conversation
	for key, c := range x.conversations {
		if c.ended && now.Sub(c.last) > lingering {
			over = append(over, c)
			delete(x.conversations, key)
		}
	}
	slices.SortFunc(over, byFlow)
	for _, c := range over {
		x.close(c)
	}
	x.mostOpen = max(leastOpen, 2*len(x.conversations))
}

// byFlow orders connections by their appearance.
func byFlow(a, b *conversation) int { return cmp.Compare(a.flow, b.flow) }

// begunOtherwise tells whether a SYN with seq belongs to another connection.
func (c *conversation) begunOtherwise(seq uint32) bool {
	return c.syn != seq || !c.hasSYN && !c.hasAnswer
}

// ends notes the start and the end of a connection, and which side serves.
func (x *extractor) ends(c *conversation, p *traffic.Packet, d traffic.Direction) {
	f := &x.flows[c.flow]
	switch syn, ack := p.Flags.Has(traffic.SYN), p.Flags.Has(traffic.ACK); {
	case syn && !ack && !c.hasSYN:
		c.hasSYN, c.syn = true, p.Seq
		f.server = opposite(d)
		x.event(c.flow, p, d, FlowStart, "", 0)
	case syn && ack:
		f.server = d
		if !c.hasSYN {
			c.hasAnswer, c.syn = true, p.Ack-1
		}
		x.serves(f)
	case p.Flags&(traffic.FIN|traffic.RST) != 0 && !c.ended:
		c.ended = true
		x.event(c.flow, p, d, FlowEnd, "", 0)
	}
}

// serves remembers the serving end point of a flow whose server has answered.
func (x *extractor) serves(f *flow) {
	at := f.peer
	if f.server == traffic.Out {
		at = f.own
	}
	x.servers[endpoint{f.protocol, at}] = true
}

// opposite is the other direction.
func opposite(d traffic.Direction) traffic.Direction {
	if d == traffic.Out {
		return traffic.In
	}
	return traffic.Out
}

// records takes TLS records of one side.
func (x *extractor) records(c *conversation, s *side, d traffic.Direction, records []traffic.Record) {
	for _, r := range records {
		e := Event{
			Time: r.Time, Direction: d, Length: r.Length,
			Frame: r.Frame, Payload: r.Segment, Number: r.Number,
		}
		if r.Type == applicationData {
			e.Kind = TLSRecord
			x.put(c.flow, e)
			continue
		}
		if hello, complete := s.hello.Add(r); complete {
			x.learnSNI(c.flow, hello.ServerName, r.Time)
			e.Kind, e.Length = ClientHello, hello.Length
			x.put(c.flow, e)
		}
	}
}

// message adds a segment's fresh data to the side's message.
func (x *extractor) message(c *conversation, s *side, p *traffic.Packet, d traffic.Direction, fresh int) {
	length := fresh
	if s.message.Length > 0 && p.Time.Sub(s.message.Time) < messageGap {
		length += s.message.Length
	} else {
		x.send(c, s)
	}
	s.message = Event{
		Time: p.Time, Direction: d, Kind: Message, Length: length,
		Frame: p.Wire, Payload: p.Length, Number: p.Number,
	}
}

// send ends the side's open message.
func (x *extractor) send(c *conversation, s *side) {
	m := s.message
	s.message = Event{}
	switch {
	case m.Length == 0 || c.verdict == tlsrec.TLS:
	case c.verdict == tlsrec.Foreign:
		x.put(c.flow, m)
	default:
		c.messages = append(c.messages, m)
	}
}

// decide finds out whether the connection is TLS. One side suffices: TLS speaks
// first by the client, other protocols by either.
func (x *extractor) decide(c *conversation) {
	if c.verdict != tlsrec.Undecided {
		return
	}
	a, b := c.out.stream.Verdict(), c.in.stream.Verdict()
	switch {
	case a == tlsrec.TLS || b == tlsrec.TLS:
		c.verdict = tlsrec.TLS
		c.messages = nil
	case a == tlsrec.Foreign || b == tlsrec.Foreign || len(c.messages) >= mostUndecided:
		x.foreign(c)
	}
}

// foreign takes the connection for one without TLS.
func (x *extractor) foreign(c *conversation) {
	c.verdict = tlsrec.Foreign
	c.out.stream.Abandon()
	c.in.stream.Abandon()
	for _, m := range c.messages {
		x.put(c.flow, m)
	}
	c.messages = nil
}

// close ends a connection at the end of what was captured of it.
func (x *extractor) close(c *conversation) {
	for _, d := range []traffic.Direction{traffic.Out, traffic.In} {
		s := &c.out
		if d == traffic.In {
			s = &c.in
		}
		x.records(c, s, d, s.stream.Close())
	}
	x.decide(c)
	if c.verdict == tlsrec.Undecided {
		x.foreign(c)
	}
	x.send(c, &c.out)
	x.send(c, &c.in)
	if c.verdict == tlsrec.TLS {
		x.log.LostTLS += int64(c.out.stream.Losses().Bytes + c.in.stream.Losses().Bytes)
	}
}
