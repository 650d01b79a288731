package api

import (
	"archive/zip"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports/tables"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// laidOut answers with a run's tables. They are computed from the recordings
// each time, as the command export does.
func (p *api) laidOut(c *gin.Context, answer func(experiments.Run, []tables.Table) error) {
	p.within(c, func(_ store.Run, folder *runs.Folder) error {
		facts, err := folder.Run()
		if err != nil {
			return err
		}
		found, traces, err := p.explore(c, analysis.Options{})
		if err != nil {
			return err
		}
		return answer(facts, tables.New(facts, found, traces))
	})
}

// sheet is a table and the files in which it can be had.
type sheet struct {
	Name    string          `json:"name"`
	Doc     string          `json:"doc"`
	Rows    int             `json:"rows"`
	Columns []tables.Column `json:"columns"`
	Files   []string        `json:"files"`
}

func (p *api) tables(c *gin.Context) {
	p.laidOut(c, func(_ experiments.Run, all []tables.Table) error {
		sheets := []sheet{}
		for _, t := range all {
			sheets = append(sheets, sheet{t.Name, t.Doc, t.Rows, t.Columns, []string{t.Name + ".csv", t.Name + ".parquet"}})
		}
		p.answer(c, http.StatusOK, struct {
			Tables []sheet  `json:"tables"`
			Files  []string `json:"files"`
		}{sheets, []string{"columns.md", "analysis.ipynb"}})
		return nil
	})
}

// entry is a file of an export.
type entry struct {
	name  string
	write func(io.Writer) error
}

// export lists the files of an export; those of one format, or all.
func export(facts experiments.Run, all []tables.Table, format string) []entry {
	var files []entry
	for _, t := range all {
		if format != "parquet" {
			files = append(files, entry{t.Name + ".csv", t.CSV})
		}
		if format != "csv" {
			files = append(files, entry{t.Name + ".parquet", t.Parquet})
		}
	}
	return append(files,
		entry{"columns.md", func(w io.Writer) error { return tables.Columns(w, facts, all) }},
		entry{"analysis.ipynb", func(w io.Writer) error { return tables.Notebook(w, facts) }})
}

var kinds = map[string]string{
	".csv": "text/csv; charset=utf-8", ".parquet": "application/vnd.apache.parquet",
	".md": "text/markdown; charset=utf-8", ".ipynb": "application/x-ipynb+json",
}

func (p *api) table(c *gin.Context) {
	p.laidOut(c, func(facts experiments.Run, all []tables.Table) error {
		for _, f := range export(facts, all, "") {
			if f.name != c.Param("file") {
				continue
			}
			download(c, kinds[path.Ext(f.name)], facts.ID+"-"+f.name)
			if err := f.write(c.Writer); err != nil {
				p.cut(c, err)
			}
			return nil
		}
		return fmt.Errorf("the export has no file %.64q (see /api/v1/runs/%s/tables): %w", c.Param("file"), facts.ID, store.ErrNotFound)
	})
}

// zip is the whole export in one file.
func (p *api) zip(c *gin.Context) {
	p.laidOut(c, func(facts experiments.Run, all []tables.Table) error {
		format := strings.TrimSpace(c.Query("format"))
		if format != "" && format != "csv" && format != "parquet" && format != "all" {
			return &unreadable{http.StatusUnprocessableEntity, "The format is csv, parquet or all."}
		}
		download(c, "application/zip", facts.ID+"-tables.zip")
		z := zip.NewWriter(c.Writer)
		for _, f := range export(facts, all, format) {
			w, err := z.Create(f.name)
			if err == nil {
				err = f.write(w)
			}
			if err != nil {
				p.cut(c, err)
			}
		}
		if err := z.Close(); err != nil {
			p.cut(c, err)
		}
		return nil
	})
}
