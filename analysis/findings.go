package analysis

import (
	"time"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// Schema is the version of the findings' JSON form. It changes when a field
// changes its meaning or goes; new fields do not change it.
const Schema = "hueprint/findings/1"

// Version is the version of the analysis; registered with every run. It
// changes when a verdict could.
const Version = "1"

// Findings are what the recordings of one run, or of several labelled captures
// of one gateway, say. They are derived and can be computed again at any time.
type Findings struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
	// Simulated findings are evidence for nothing about real gateways.
	Simulated bool `json:"simulated"`
	// Exploratory findings were made with other parameters than the registered
	// ones; only registered findings give the verdict.
	Exploratory bool    `json:"exploratory"`
	Subject     Subject `json:"subject"`
	Design      Design  `json:"design"`
	// Verdicts has one entry for each gateway, in the run's order.
	Verdicts []Verdict `json:"verdicts"`
	Warnings []string  `json:"warnings,omitempty"`
}

// Subject says what was analysed.
type Subject struct {
	// Run is the run's ID; empty for labelled captures.
	Run        string    `json:"run,omitempty"`
	Experiment string    `json:"experiment,omitempty"`
	Captures   []string  `json:"captures,omitempty"`
	Started    time.Time `json:"started,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`
	Ending     string    `json:"ending,omitempty"`
	Via        string    `json:"via,omitempty"`
}

// Method is the ground on which p stands.
type Method string

// Randomisation: exact or sampled redraws of the design. CircularShift: the
// approximate test of labelled captures, which had no control slots.
const (
	Randomisation Method = "randomisation"
	CircularShift Method = "circular-shift"
)

// Design is the test's frame of reference.
type Design struct {
	Method   Method `json:"method"`
	Actions  int    `json:"actions"`
	Controls int    `json:"controls"`
	// Assignments are C(A+C, A) or the number of shifts; Redraws how many were
	// evaluated; Enumerated tells that these are all.
	Assignments float64       `json:"assignments"`
	Redraws     int           `json:"redraws"`
	Enumerated  bool          `json:"enumerated"`
	LeastP      float64       `json:"least_p"`
	Window      time.Duration `json:"window_ns"`
	// Alpha is that of the whole run; with planned looks, each has its share.
	Alpha float64 `json:"alpha"`
	Seed  uint64  `json:"seed"`
	// Sequential says at which of its planned looks the run was analysed; nil for
	// a fixed design.
	Sequential *Sequential `json:"sequential,omitempty"`
}

// Sequential says at which of its planned looks a run was analysed. Alpha is
// split equally over all of them, so that, whatever the traffic, a run in which
// nothing is to be found says "visible" with probability alpha at most.
type Sequential struct {
	// Planned are the numbers of slots after which the run was to look.
	Planned []int `json:"planned"`
	// Look counts them from 1; 0 where none was reached, and nothing was tested.
	Look int `json:"look"`
	// Alpha is that of the run, Level the share of each look.
	Alpha float64 `json:"alpha"`
	Level float64 `json:"level"`
	// Decided tells that this look ended the run before its last slot.
	Decided bool `json:"decided"`
}

// Conclusion is the word of a verdict.
type Conclusion string

// The verdicts, from the widest audience to none; inconclusive when the
// evidence does not carry an answer.
const (
	CloudVisible Conclusion = "cloud-visible"
	LANVisible   Conclusion = "lan-visible"
	NotDetected  Conclusion = "not-detected"
	Inconclusive Conclusion = "inconclusive"
)

// Link says what shows that the gateway is linked to the bulb at all.
type Link string

// LinkShown: packets between gateway and bridge were seen. LinkStated: the
// operator's word. LinkNotShown: neither.
const (
	LinkShown    Link = "shown"
	LinkStated   Link = "stated"
	LinkNotShown Link = "not shown"
)

// A Verdict is what the findings say about one gateway.
type Verdict struct {
	Gateway string     `json:"gateway"`
	Kind    string     `json:"kind,omitempty"`
	Verdict Conclusion `json:"verdict"`
	Link    Link       `json:"link"`
	// P is the smallest adjusted p over the scopes that decide the verdict; nil
	// when nothing could be tested.
	P *float64 `json:"p"`
	// Alpha is what p is compared with; in a run with planned looks, one look's
	// share of the run's alpha.
	Alpha float64 `json:"alpha"`
	// Sequential is as in the design; nil for a fixed one.
	Sequential *Sequential `json:"sequential,omitempty"`
	// Reasons say, a sentence each, why the verdict is what it is; for
	// inconclusive: what is missing and what to do.
	Reasons []string `json:"reasons"`
	// Scopes has an entry for each scope the recording has seen.
	Scopes []ScopeVerdict `json:"scopes"`
	// Pattern is that of the widest visible scope; without steps otherwise.
	Pattern  Pattern  `json:"pattern"`
	Power    Power    `json:"power"`
	Evidence Evidence `json:"evidence"`
	// Secondary are tests beside the verdict: each at alpha by itself, and none
	// where the verdict is inconclusive.
	Secondary []SecondaryTest `json:"secondary,omitempty"`
	// Series tells which other runs tested the same; nil when analysed alone.
	Series *Series `json:"series,omitempty"`
	// Idle compares the run's channels with those of an idle recording; nil
	// without one.
	Idle *IdleComparison `json:"idle,omitempty"`
	// Tests lists the candidates with the smallest adjusted p, at most 20.
	Tests []Test `json:"tests,omitempty"`
	// Candidates counts the family: all, and those constant over all redraws.
	Candidates int `json:"candidates"`
	Constant   int `json:"constant"`
	// Null is a histogram of the maximal statistic's null distribution: the
	// smallest raw p of each redraw.
	Null Null `json:"null"`
	// Trials has one entry a slot (or labelled action).
	Trials []Trial `json:"trials"`
}

// A ScopeVerdict is the answer for one scope.
type ScopeVerdict struct {
	Scope   traffic.Scope `json:"scope"`
	Verdict Conclusion    `json:"verdict"` // cloud-visible, lan-visible, not-detected or inconclusive
	P       *float64      `json:"p"`
	Packets int           `json:"packets"`
	Pattern Pattern       `json:"pattern"`
}

// A Pattern is the steps that come with the action, in order of median delay.
type Pattern struct {
	Steps []Step `json:"steps"`
}

// A Step is one kind of packet of a pattern. Lengths are inclusive bounds over
// the trials in which it was seen.
type Step struct {
	Channel events.Channel `json:"channel_detail"`
	// Name is "name:port/transport", for people and simple readers.
	Name      string            `json:"channel"`
	Direction traffic.Direction `json:"direction"`
	Kind      events.Kind       `json:"kind"`
	Detail    string            `json:"detail,omitempty"`
	// Length is in the kind's unit (TLS: the record's length field).
	LengthMin  int `json:"length_min"`
	LengthMax  int `json:"length_max"`
	FrameMin   int `json:"frame_min"`
	FrameMax   int `json:"frame_max"`
	PayloadMin int `json:"payload_min"`
	PayloadMax int `json:"payload_max"`
	// DelayMS is the median delay after the command, DelayIQRMS the
	// interquartile range.
	DelayMS    float64 `json:"delay_ms"`
	DelayIQRMS float64 `json:"delay_iqr_ms"`
	// Seen of Of action trials show the step; SeenControl of OfControl control
	// trials do.
	Seen        int `json:"seen"`
	Of          int `json:"of"`
	SeenControl int `json:"seen_control"`
	OfControl   int `json:"of_control"`
	// Core steps come with (nearly) every action, others are optional.
	Core bool `json:"core"`
	// Main is the step to look at first, exactly one of each pattern with steps:
	// that of the best F1; of equal ones what carries content before what sets up
	// a connection, and what the gateway sends before what it receives.
	Main bool `json:"main"`
	// P is the adjusted p of the step's class.
	P  float64 `json:"p"`
	F1 float64 `json:"f1"`
	// Actions counts, per action label, the trials that show the step.
	Actions map[string]int `json:"actions,omitempty"`
}

// A Test is one candidate's result.
type Test struct {
	Channel   string            `json:"channel"`
	Scope     traffic.Scope     `json:"scope"`
	Direction traffic.Direction `json:"direction"`
	Kind      events.Kind       `json:"kind"`
	Detail    string            `json:"detail,omitempty"`
	LengthMin int               `json:"length_min"`
	LengthMax int               `json:"length_max"`
	Feature   string            `json:"feature"` // presence, count or bytes
	Observed  float64           `json:"observed"`
	RawP      float64           `json:"raw_p"`
	P         float64           `json:"p"`
}

// Null summarises the null distribution of the smallest raw p: Counts[i] redraws
// fell into [Edges[i], Edges[i+1]), on −log10 p; Observed is the real value.
type Null struct {
	Edges    []float64 `json:"edges,omitempty"`
	Counts   []int     `json:"counts,omitempty"`
	Observed float64   `json:"observed"`
}

// Power says what a "not detected" would have detected.
type Power struct {
	// Plants has a row for each kind of plant.
	Plants []Plant `json:"plants"`
	// Sentence says it in words.
	Sentence string `json:"sentence"`
}

// A Plant is one kind of artificial mark put into the recorded action trials
// and sent through the same test.
type Plant struct {
	Kind string `json:"kind"` // new-length, extra-record, extra-record-any-delay
	// KMin is the smallest number of planted trials that is always detected; 0
	// when not even all are. R95 is the smallest rate of reaction that is
	// detected with probability at least 0.95; 0 when none is.
	KMin int     `json:"k_min"`
	R95  float64 `json:"r95"`
	// Detected[i] is the share of plants detected at rate (i+1)/10.
	Detected []float64 `json:"detected,omitempty"`
}

// Evidence is what the verdict rests on.
type Evidence struct {
	Packets     int   `json:"packets"`
	Bytes       int64 `json:"bytes"`
	Dropped     int   `json:"dropped"`
	Gaps        int   `json:"gaps"`
	DroppedDup  int   `json:"duplicates"`      // frames recorded twice
	Retransmits int   `json:"retransmissions"` // and keep-alives
	Undecoded   int   `json:"undecoded"`
	// Commands by what became of them, and by witness.
	Outcomes  map[string]int `json:"outcomes"`
	Confirmed map[string]int `json:"confirmed"`
	// LatenessP50, P99 and Max of commands against plan.
	LatenessP50 time.Duration `json:"lateness_p50_ns"`
	LatenessP99 time.Duration `json:"lateness_p99_ns"`
	LatenessMax time.Duration `json:"lateness_max_ns"`
	// ClockUncertainty is half the width of the clock offset's interval.
	ClockUncertainty time.Duration `json:"clock_uncertainty_ns"`
	Proof            string        `json:"proof,omitempty"`
	BridgePackets    int           `json:"bridge_packets"`
	Restored         bool          `json:"restored"`
}

// A Trial is one slot's window, for tables and figures.
type Trial struct {
	Slot    int       `json:"slot"`
	At      time.Time `json:"at"`
	Control bool      `json:"control,omitempty"`
	Action  string    `json:"action,omitempty"`
	// Seen counts the events of each step of the pattern.
	Seen    []int `json:"seen,omitempty"`
	Packets int   `json:"packets"`
	Bytes   int   `json:"bytes"`
}

// A Trace is one gateway's events for figures: not part of the findings, but
// made by the same pass.
type Trace struct {
	Gateway  string
	Start    time.Time
	Duration time.Duration
	Points   []Point
}

// A Point is one event of a trace.
type Point struct {
	events.Event
	// After is the time since the trace's start.
	After time.Duration
	// Step is the index of the pattern's step that the event belongs to, or −1.
	Step int
	// Slot is the index of the trial whose window holds the event, or −1.
	Slot int
}
