package tables

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/reports/exporttest"
)

// parsed is a notebook as Jupyter reads it.
type parsed struct {
	Format   int `json:"nbformat"`
	Minor    int `json:"nbformat_minor"`
	Metadata struct {
		Kernel   map[string]string `json:"kernelspec"`
		Language map[string]string `json:"language_info"`
	} `json:"metadata"`
	Cells []map[string]json.RawMessage `json:"cells"`
}

func notebookOf(t *testing.T, o exporttest.Options) ([]byte, parsed) {
	t.Helper()
	var out bytes.Buffer
	if err := Notebook(&out, exporttest.New(o).Run); err != nil {
		t.Fatal(err)
	}
	var n parsed
	if err := json.Unmarshal(out.Bytes(), &n); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), n
}

// source is a cell's text.
func source(t *testing.T, cell map[string]json.RawMessage) string {
	t.Helper()
	var lines []string
	if err := json.Unmarshal(cell["source"], &lines); err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		if strings.HasSuffix(line, "\n") != (i < len(lines)-1) {
			t.Errorf("line %d of a cell ends wrongly: %q", i+1, line)
		}
	}
	return strings.Join(lines, "")
}

// The shape that nbformat 4.5's schema demands: which keys each kind of cell must
// and may have, and unique identifiers.
func TestNotebookHasTheFormatsShape(t *testing.T) {
	_, n := notebookOf(t, hostile())
	if n.Format != 4 || n.Minor != 5 || n.Metadata.Kernel["name"] != "python3" || n.Metadata.Kernel["display_name"] == "" || n.Metadata.Language["name"] != "python" {
		t.Errorf("%+v", n.Metadata)
	}
	wanted := map[string]string{"markdown": "cell_type id metadata source", "code": "cell_type execution_count id metadata outputs source"}
	ids := map[string]bool{}
	for _, cell := range n.Cells {
		var kind, id string
		_, _ = json.Unmarshal(cell["cell_type"], &kind), json.Unmarshal(cell["id"], &id)
		if len(strings.Fields(wanted[kind])) != len(cell) {
			t.Errorf("cell %s of kind %q has %d keys, want %s", id, kind, len(cell), wanted[kind])
		}
		for _, key := range strings.Fields(wanted[kind]) {
			if cell[key] == nil {
				t.Errorf("cell %s has no %s", id, key)
			}
		}
		if ids[id] || !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`).MatchString(id) {
			t.Errorf("cell id %q is not valid, or used twice", id)
		}
		ids[id] = true
		if kind == "code" && (string(cell["execution_count"]) != "null" || string(cell["outputs"]) != "[]") {
			t.Errorf("cell %s claims to have been executed", id)
		}
		source(t, cell)
	}
}

func TestNotebookSaysSimulated(t *testing.T) {
	text, n := notebookOf(t, hostile())
	if first := source(t, n.Cells[0]); !strings.Contains(first, "SIMULATED") || strings.ContainsAny(first, "\x1b\t") {
		t.Errorf("the first cell is %q", first)
	}
	if strings.Contains(string(text), "</script>") {
		t.Error("a name closes a script")
	}
	again, _ := notebookOf(t, hostile())
	if !bytes.Equal(text, again) {
		t.Error("two notebooks of one run differ")
	}
}

// Every table and every column that the code names exists.
func TestNotebookNamesTablesAndColumnsThatExist(t *testing.T) {
	l := layOut(t, exporttest.Options{})
	columns := map[string]bool{"arm": true, "shown": true} // made in the notebook
	for _, table := range l.tables {
		for _, c := range table.Columns {
			columns[c.Name] = true
		}
	}
	_, n := notebookOf(t, exporttest.Options{})
	var all strings.Builder
	for _, cell := range n.Cells {
		if string(cell["cell_type"]) == `"code"` {
			all.WriteString(source(t, cell) + "\n")
		}
	}
	for _, m := range regexp.MustCompile(`table\("(\w+)"\)`).FindAllStringSubmatch(all.String(), -1) {
		if l.tables[m[1]].Name == "" {
			t.Errorf("there is no table %q", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?:trials|seen|steps|events|candidates|rows|inside)\["(\w+)"\]`).FindAllStringSubmatch(all.String(), -1) {
		if !columns[m[1]] {
			t.Errorf("there is no column %q", m[1])
		}
	}
	for name := range l.tables {
		if !strings.Contains(all.String(), `table("`+name+`")`) {
			t.Errorf("the notebook does not read %s", name)
		}
	}
}

func TestNotebooksCodeCompiles(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("HUEPRINT_CI") == "1" {
			t.Fatal("needs python3")
		}
		t.Skip("needs python3")
	}
	_, n := notebookOf(t, hostile())
	var files []string
	for _, cell := range n.Cells {
		if string(cell["cell_type"]) != `"code"` {
			continue
		}
		path := filepath.Join(t.TempDir(), "cell.py")
		if err := os.WriteFile(path, []byte(source(t, cell)), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	if out, err := exec.Command(python, append([]string{"-m", "py_compile"}, files...)...).CombinedOutput(); err != nil || len(files) < 6 {
		t.Errorf("%d cells: %v\n%s", len(files), err, out)
	}
}
