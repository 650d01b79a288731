package pages_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/browsertest"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// shoot takes a picture when HUEPRINT_SHOTS names a folder for pictures.
func shoot(p *browsertest.Page, name string, view browsertest.View) {
	if folder := os.Getenv("HUEPRINT_SHOTS"); folder != "" {
		p.Screenshot(filepath.Join(folder, name+"-"+view.String()+".png"))
	}
}

// running lets a run go on.
func running(l *labtest.Lab, run string) {
	l.Change(func(c *labtest.Contents) {
		c.State.Running = &lab.Running{Firing: "f-now", By: "ada", Task: store.Task{Experiment: "ten-toggles"}, Run: run, Gateways: []string{"aeotec"},
			LastAction: &experiments.Command{Slot: 11, Action: experiments.On, Receipt: experiments.Receipt{Sent: labtest.Noon(), Answered: labtest.Noon().Add(4 * time.Millisecond), Outcome: experiments.Done}, Confirmed: labtest.Noon().Add(61 * time.Millisecond)},
			Phase:      "waiting for slot 13", Slot: 12, Of: 30, Began: labtest.Noon().Add(-7 * time.Minute), Left: 9*time.Minute + 20*time.Second, Attempt: 2, Window: 15 * time.Second}
	})
}

// stream publishes a minute of packets of all gateways, and slots, as if it came
// now.
func stream(l *labtest.Lab) {
	now := time.Now()
	for g, name := range []string{"aeotec", "echo", "nest", "home-assistant"} {
		p := lab.Packets{Gateway: name}
		for s := 60; s > 0; s-- {
			at := now.Add(-time.Duration(s) * time.Second)
			for i := range 1 + (s*7+g*3)%4 {
				b := lab.Blip{At: at.Add(time.Duration(i*i*37) * time.Millisecond), Out: (i+s+g)%3 != 0, Size: 60 + (s*i*53+g*97)%900}
				p.Blips = append(p.Blips, b)
			}
			if g == 0 && s%9 == 4 && s%2 == 0 {
				for i, size := range []int{113, 490, 113, 318} {
					p.Blips = append(p.Blips, lab.Blip{At: at.Add(time.Duration(150+20*i) * time.Millisecond), Out: i < 2, Size: size})
				}
			}
		}
		p.Count, p.Bytes = len(p.Blips), int64(len(p.Blips)*300)
		l.Hub.Publish(lab.KindPackets, p)
	}
	for s := 58; s > 0; s -= 9 {
		mark := lab.Slot{Run: "r", Number: s, At: now.Add(-time.Duration(s) * time.Second)}
		if s%2 == 0 {
			mark.Action = experiments.On
			if s%4 == 0 {
				mark.Action = experiments.Off
			}
		}
		l.Hub.Publish(lab.KindSlot, mark)
	}
}

// publish writes the run's report with its figures, as the server does.
func publish(t testing.TB, l *labtest.Lab, r store.Run) {
	t.Helper()
	found, traces, err := l.Reanalyze(t.Context(), r.Dir, analysis.Options{})
	if err != nil || r.Idle {
		return
	}
	folder, err := runs.Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	facts, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	err = folder.WriteReport(func(w io.Writer) error {
		return reports.HTML(w, reports.Document{Parts: []reports.Part{{Findings: found, Traces: traces, Run: &facts}}})
	})
	if err != nil {
		t.Fatal(err)
	}
}
