package experiments

import "time"

// Purpose is why a run changed the light outside its slots.
type Purpose string

// Initial: into the plan's initial state before the first slot. Restoration:
// back to how it was found.
const (
	Initial     Purpose = "initial"
	Restoration Purpose = "restoration"
)

// A Setting is a change of the light that a run made, or found unnecessary,
// outside its slots; no trial and no command of the plan.
type Setting struct {
	Purpose Purpose `json:"purpose"`
	// At is when the request was written, or, where only the journal tells, when
	// its intent was noted; by the controller's clock.
	At time.Time `json:"at"`
	// On is the state asked for.
	On bool `json:"on"`
	// Sent tells that a request was made; a light that is already as it was
	// found needs none.
	Sent    bool    `json:"sent"`
	Outcome Outcome `json:"outcome"`
}
