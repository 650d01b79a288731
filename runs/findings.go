package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hueprint/hueprint/analysis"
)

// WriteFindings keeps what an analysis derived from the run. Equal findings give
// equal bytes.
func (f *Folder) WriteFindings(found analysis.Findings) error {
	return f.WriteFile(findingsFile, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(found)
	})
}

// ErrNotAnalysed says that a run has no findings yet.
var ErrNotAnalysed = errors.New("the run has no findings yet (run: hueprint analyze)")

// Findings reads what [Folder.WriteFindings] kept; [ErrNotAnalysed] when nothing
// was.
func (f *Folder) Findings() (found analysis.Findings, err error) {
	err = readJSON(f.path(findingsFile), &found)
	if errors.Is(err, os.ErrNotExist) {
		err = ErrNotAnalysed
	}
	if err != nil {
		return found, fmt.Errorf("findings of run %s: %w", f.ID(), err)
	}
	return found, nil
}
