package analysis

// A Question is what a secondary test asks.
type Question string

// OnAgainstOff: does the reaction to "on" differ from that to "off"?
// ChangeAgainstCommand: does the reaction to a change of the light differ from
// that to a command that changes nothing? State: does the traffic outside all
// windows differ while the light is on and while it is off? TellingOnFromOff: can
// an outsider name the action of a trial that his rule was not made from?
const (
	OnAgainstOff         Question = "on-against-off"
	ChangeAgainstCommand Question = "change-against-command"
	StateQuestion        Question = "state"
	TellingOnFromOff     Question = "telling-on-from-off"
)

// An Answer is what a secondary test says.
type Answer string

// Shown and NotShown are answers to the first two questions. StateShown or, where
// a late reaction would look the same, LateOrState answer the third, NotShown
// too. Described: figures without a p. NotTestable: there is nothing to compare.
const (
	Shown       Answer = "shown"
	NotShown    Answer = "not shown"
	StateShown  Answer = "state"
	LateOrState Answer = "late response or state"
	Described   Answer = "described"
	NotTestable Answer = "not testable"
)

// The assumptions on which a secondary p stands.
const (
	// ByDesign: the coins that chose between on and off were fair; nothing else.
	ByDesign = "by design: the directions were drawn by fair coins"
	// ExchangeablePairs: the directions alternated, so that nothing was drawn.
	ExchangeablePairs = "assumes exchangeable pairs: the directions alternated, nothing was drawn"
	// Undrawn figures have no p.
	Undrawn = "none: the directions alternated, so that these are figures without a test"
)

// A SecondaryTest is a question beside the verdict, with its answer.
type SecondaryTest struct {
	Question Question `json:"question"`
	Answer   Answer   `json:"answer"`
	// P is two-sided and adjusted for the classes and features compared, not for
	// the other questions; nil where nothing could be tested. That of
	// TellingOnFromOff is the share of relabellings that are told as well.
	P          *float64 `json:"p"`
	Assumption string   `json:"assumption"`
	// Sentence says the answer in words.
	Sentence string `json:"sentence"`
	// Clearest is the class that differs most clearly; nil without a p.
	Clearest *Contrast `json:"clearest,omitempty"`
	// Telling is the answer to TellingOnFromOff in figures; nil without a p.
	Telling *Telling `json:"telling,omitempty"`
}

// A Contrast is how one class of packets differs between two labels: on and off,
// or change and repeat.
type Contrast struct {
	Test
	// More is the label with more of it.
	More string `json:"more"`
	// Seen of Of trials of each label show the class; of stretches between two
	// actions, where the question is the state.
	Seen map[string]int `json:"seen"`
	Of   map[string]int `json:"of"`
	// PerMinute is the rate of the class by label, where the question is the state.
	PerMinute map[string]float64 `json:"per_minute,omitempty"`
}
