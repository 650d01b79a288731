package runs

import "github.com/hueprint/hueprint/experiments"

// Settings lists the changes of the light outside the slots that the journal
// tells of, in its order: the initial setting and the restorations. An intent
// without a result has the outcome unknown.
func (f *Folder) Settings() ([]experiments.Setting, error) {
	r, err := f.facts()
	if err != nil {
		return nil, err
	}
	entries, _, err := f.entries()
	if err != nil {
		return nil, err
	}
	var all []experiments.Setting
	for _, e := range entries {
		all = settings(all, e, r)
	}
	return all, nil
}

// settings goes on with what the next entry tells.
func settings(all []experiments.Setting, e entry, r experiments.Run) []experiments.Setting {
	switch e.Kind {
	case settingEntry:
		return append(all, experiments.Setting{Purpose: experiments.Initial, At: e.At, On: e.Action == experiments.On, Sent: true, Outcome: experiments.Unknown})
	case restoringEntry:
		return append(all, experiments.Setting{Purpose: experiments.Restoration, At: e.At, On: r.Found.On, Sent: true, Outcome: experiments.Unknown})
	case setEntry:
		if s := open(all, experiments.Initial); s != nil && e.Receipt != nil {
			s.Outcome = e.Receipt.Outcome
			if !e.Receipt.Sent.IsZero() {
				s.At = e.Receipt.Sent
			}
		}
	case restoredEntry:
		outcome := experiments.Failed
		if e.Restored != nil && *e.Restored {
			outcome = experiments.Done
		}
		if s := open(all, experiments.Restoration); s != nil {
			s.Outcome = outcome
			return all
		}
		return append(all, experiments.Setting{Purpose: experiments.Restoration, At: e.At, On: r.Found.On, Outcome: outcome})
	}
	return all
}

// open is the last setting if it waits for its outcome.
func open(all []experiments.Setting, p experiments.Purpose) *experiments.Setting {
	if len(all) == 0 {
		return nil
	}
	if s := &all[len(all)-1]; s.Purpose == p && s.Outcome == experiments.Unknown {
		return s
	}
	return nil
}
