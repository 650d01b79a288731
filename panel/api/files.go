package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/reports/annotate"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// reportPolicy lets a report's own script and style run, in an origin of its
// own: whatever is in it, it can ask nobody and act for nobody.
const reportPolicy = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"

const pcapng = "application/vnd.tcpdump.pcap"

// report is the report that lies in the run's folder.
func (p *api) report(c *gin.Context) {
	p.within(c, func(_ store.Run, folder *runs.Folder) error {
		report, err := os.ReadFile(folder.ReportPath())
		if errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("report of run %s: %w", folder.ID(), runs.ErrNotAnalysed)
		}
		if err != nil {
			return err
		}
		c.Header("Content-Security-Policy", reportPolicy)
		c.Data(http.StatusOK, "text/html; charset=utf-8", report)
		return nil
	})
}

// markdown is the report of the kept findings as Markdown.
func (p *api) markdown(c *gin.Context) {
	p.printed(c, "text/markdown; charset=utf-8", func(w io.Writer, part reports.Part) error {
		return reports.Markdown(w, reports.Document{Parts: []reports.Part{part}})
	})
}

// output is what the command line prints with --json.
func (p *api) output(c *gin.Context) {
	p.printed(c, "application/json", func(w io.Writer, part reports.Part) error {
		return reports.JSON(w, reports.Document{Parts: []reports.Part{part}}, "")
	})
}

func (p *api) printed(c *gin.Context, kind string, write func(io.Writer, reports.Part) error) {
	p.within(c, func(_ store.Run, folder *runs.Folder) error {
		facts, err := folder.Run()
		if err != nil {
			return err
		}
		found, err := folder.Findings()
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := write(&b, reports.Part{Findings: found, Run: &facts}); err != nil {
			return err
		}
		c.Data(http.StatusOK, kind, b.Bytes())
		return nil
	})
}

// captured is a gateway's recording as files.
type captured struct {
	Gateway string `json:"gateway"`
	Bytes   int64  `json:"bytes"`
	Files   []file `json:"files"`
}

type file struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func (p *api) captures(c *gin.Context) {
	p.within(c, func(_ store.Run, folder *runs.Folder) error {
		facts, err := folder.Run()
		if err != nil {
			return err
		}
		all := []captured{}
		for _, g := range facts.Gateways {
			one := captured{Gateway: g.Name(), Files: []file{}}
			for _, path := range folder.Captures(g.Name()) {
				info, err := os.Stat(path)
				if err != nil {
					return err
				}
				one.Files = append(one.Files, file{filepath.Base(path), info.Size()})
				one.Bytes += info.Size()
			}
			all = append(all, one)
		}
		p.answer(c, http.StatusOK, lists("captures", all))
		return nil
	})
}

// capture is a gateway's raw recording. Files one after another are one pcapng
// file of several sections.
func (p *api) capture(c *gin.Context) {
	p.within(c, func(entry store.Run, folder *runs.Folder) error {
		if _, err := gatewayOf(folder, c.Param("gateway")); err != nil {
			return err
		}
		paths := folder.Captures(c.Param("gateway"))
		if len(paths) == 0 {
			return fmt.Errorf("nothing of gateway %.64q was recorded: %w", c.Param("gateway"), store.ErrNotFound)
		}
		download(c, pcapng, entry.ID+"-"+word(c.Param("gateway"))+".pcapng")
		for _, path := range paths {
			if err := pour(c.Writer, path); err != nil {
				p.cut(c, err)
			}
		}
		return nil
	})
}

// pour writes a file as long as it is now; a recording that goes on grows.
func pour(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.Copy(w, io.LimitReader(f, info.Size()))
	}
	return errors.Join(err, f.Close())
}

// annotated is a copy of a gateway's recording in which commands and matched
// packets are marked.
func (p *api) annotated(c *gin.Context) {
	p.within(c, func(entry store.Run, folder *runs.Folder) error {
		facts, err := gatewayOf(folder, c.Param("gateway"))
		if err != nil {
			return err
		}
		found, traces, err := p.explore(c, analysis.Options{})
		if err != nil {
			return err
		}
		settings, err := folder.Settings()
		if err != nil {
			return err
		}
		source, err := annotate.Of(facts, found, traces, c.Param("gateway"))
		if err != nil {
			return err
		}
		source.Application, source.Settings, source.Frames = "hueprint "+p.Version, settings, folder.Frames(c.Param("gateway"))
		download(c, pcapng, entry.ID+"-"+word(c.Param("gateway"))+".annotated.pcapng")
		if _, err := annotate.Write(c.Writer, source); err != nil {
			p.cut(c, err)
		}
		return nil
	})
}

// gatewayOf are the facts of a run that has that gateway.
func gatewayOf(folder *runs.Folder, name string) (experiments.Run, error) {
	facts, err := folder.Run()
	if err != nil {
		return facts, err
	}
	if _, ok := facts.Gateway(name); !ok {
		return facts, fmt.Errorf("run %s has no gateway %.64q: %w", facts.ID, name, store.ErrNotFound)
	}
	return facts, nil
}

// download begins the answer with a file.
func download(c *gin.Context, kind, name string) {
	c.Header("Content-Type", kind)
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Status(http.StatusOK)
}

// cut ends a download that cannot go on, so that nobody takes half a file for a
// whole one.
func (p *api) cut(c *gin.Context, err error) {
	p.log(c, err)
	panic(http.ErrAbortHandler)
}

// word makes a name part of a file's name.
func word(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, name[:min(len(name), 64)])
}
