package bridge

import (
	"fmt"
	"strconv"
	"strings"
)

// A Fault is one way in which a bridge misbehaves. "NAME/3" is the fault NAME
// on every third request that it concerns; "NAME" alone is on each of them.
type Fault string

// The faults. Where it matters, each says whether the command is carried out.
const (
	// FaultNone is the bridge as it should be.
	FaultNone Fault = ""
	// FaultLinkButton answers every pairing with error 101, whether the button was pressed or not.
	FaultLinkButton Fault = "link-button"
	// FaultUnauthorized treats every key as unknown: error 1 in v1, status 403 in v2.
	FaultUnauthorized Fault = "unauthorized"
	// FaultNotModifiable carries a v1 command out and answers error 201 for its first attribute all the same.
	FaultNotModifiable Fault = "not-modifiable"
	// FaultTooMany answers status 429 with a page of HTML. Nothing is carried out.
	FaultTooMany Fault = "429"
	// FaultUnavailable answers status 503 with a page of HTML. Nothing is carried out.
	FaultUnavailable Fault = "503"
	// FaultRedirect answers plain HTTP with status 301 to HTTPS, as the Bridge Pro does.
	FaultRedirect Fault = "301"
	// FaultSilent reads the request and never answers. Nothing is carried out.
	FaultSilent Fault = "silent"
	// FaultReset reads the request and resets the connection. Nothing is carried out.
	FaultReset Fault = "reset"
	// FaultResetDone carries the request out and resets the connection instead of answering.
	FaultResetDone Fault = "reset-done"
	// FaultCloseIdle keeps connections open and closes each as its second request comes. That request is not carried out.
	FaultCloseIdle Fault = "close-idle"
	// FaultStringType carries a v1 command out and answers an error whose type is a string.
	FaultStringType Fault = "string-type"
	// FaultNull carries the request out and answers the JSON value null.
	FaultNull Fault = "null"
	// FaultEmpty carries the request out and answers an empty body.
	FaultEmpty Fault = "empty"
	// FaultTruncated carries the request out and answers half of the JSON text.
	FaultTruncated Fault = "truncated"
	// FaultRevert answers success and shows the predicted state until it polls the bulb, which never changed.
	FaultRevert Fault = "revert"
	// FaultUnreachable takes the power from the bulbs: commands get success (v1) or status 207 (v2), nothing changes.
	FaultUnreachable Fault = "unreachable"
	// FaultStreamDeath keeps event streams open and sends nothing more on them.
	FaultStreamDeath Fault = "stream-death"
	// FaultStreamRepeat sends every event container twice.
	FaultStreamRepeat Fault = "stream-repeat"
	// FaultSlow carries the request out at once and answers after 3 seconds.
	FaultSlow Fault = "slow"
	// FaultDropped answers success to a command and forgets it.
	FaultDropped Fault = "dropped"
)

// Faults lists every fault but [FaultNone].
func Faults() []Fault {
	return []Fault{
		FaultLinkButton, FaultUnauthorized, FaultNotModifiable, FaultTooMany, FaultUnavailable,
		FaultRedirect, FaultSilent, FaultReset, FaultResetDone, FaultCloseIdle, FaultStringType,
		FaultNull, FaultEmpty, FaultTruncated, FaultRevert, FaultUnreachable, FaultStreamDeath,
		FaultStreamRepeat, FaultSlow, FaultDropped,
	}
}

// Doc says in one sentence what the fault does, for command-line help.
func (f Fault) Doc() string {
	switch f.Name() {
	case FaultLinkButton:
		return "pairing always answers that the link button was not pressed"
	case FaultUnauthorized:
		return "every application key is refused"
	case FaultNotModifiable:
		return "commands are carried out but answered with error 201"
	case FaultTooMany:
		return "status 429 with a page of HTML"
	case FaultUnavailable:
		return "status 503 with a page of HTML"
	case FaultRedirect:
		return "plain HTTP is redirected to HTTPS, as by a Bridge Pro"
	case FaultSilent:
		return "requests are read and never answered"
	case FaultReset:
		return "requests are read, then the connection is reset; nothing is carried out"
	case FaultResetDone:
		return "requests are carried out, then the connection is reset"
	case FaultCloseIdle:
		return "connections are kept and closed as their second request comes"
	default:
		return f.docOfAnswer()
	}
}

func (f Fault) docOfAnswer() string {
	switch f.Name() {
	case FaultStringType:
		return "commands are carried out but answered with an error whose type is a string"
	case FaultNull:
		return "requests are carried out but answered with null"
	case FaultEmpty:
		return "requests are carried out but answered with nothing"
	case FaultTruncated:
		return "requests are carried out but half of the answer is missing"
	case FaultRevert:
		return "commands succeed and are shown until the bulb is polled, which did not follow"
	case FaultUnreachable:
		return "the bulbs have no power: commands succeed and nothing happens"
	case FaultStreamDeath:
		return "event streams stay open and silent"
	case FaultStreamRepeat:
		return "every event comes twice"
	case FaultSlow:
		return "answers come after 3 seconds"
	case FaultDropped:
		return "commands succeed and are forgotten"
	default:
		return "the bridge as it should be"
	}
}

// Name is the fault without its "/N".
func (f Fault) Name() Fault {
	name, _, _ := strings.Cut(string(f), "/")
	return Fault(name)
}

// Every says on which request that it concerns the fault shows: 1 is on all, 3 on every third.
func (f Fault) Every() int {
	_, every, found := strings.Cut(string(f), "/")
	n, err := strconv.Atoi(every)
	if !found || err != nil {
		return 1
	}
	return n
}

// ParseFault checks a fault given by a user. The error lists the faults that there are.
func ParseFault(s string) (Fault, error) {
	f := Fault(s)
	if f == FaultNone {
		return f, nil
	}
	if _, every, found := strings.Cut(s, "/"); found {
		if n, err := strconv.Atoi(every); err != nil || n < 1 {
			return "", fmt.Errorf("fault %q: want a whole number from 1 after the slash", s)
		}
	}
	for _, known := range Faults() {
		if f.Name() == known {
			return f, nil
		}
	}
	return "", fmt.Errorf("unknown fault %q: want one of %v, optionally with /N for every Nth request", s, Faults())
}

// concerns says whether the fault can show in this request at all.
func (f Fault) concerns(c call) bool {
	switch f.Name() {
	case FaultNone, FaultStreamDeath, FaultStreamRepeat:
		return false
	case FaultLinkButton:
		return c.pairing()
	case FaultUnauthorized:
		return c.key != ""
	case FaultRedirect:
		return !c.secure
	case FaultNotModifiable, FaultStringType:
		return c.command() && !c.v2
	case FaultRevert, FaultUnreachable, FaultDropped:
		return c.command()
	case FaultCloseIdle:
		return c.number > 1
	case FaultNull, FaultEmpty, FaultTruncated:
		return !c.stream()
	default:
		return true
	}
}

// faultFor says which fault shows in this request: the one that is set, if it
// concerns the request and its turn has come.
func (b *Bridge) faultFor(c call) Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fault.concerns(c) {
		return FaultNone
	}
	b.due++
	if b.due%b.fault.Every() != 0 {
		return FaultNone
	}
	return b.fault.Name()
}
