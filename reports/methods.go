package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
)

// Method says in one paragraph how the findings were made, fit for a paper's
// methods section.
func Method(d analysis.Design) string {
	if d.Method == analysis.CircularShift {
		return fmt.Sprintf("The capture has %d labelled actions and no control slots. Significance is the share of circular shifts of the schedule (%d evaluated) whose maximal standardised statistic is at least the observed one; this is approximate, and cannot be smaller than %s. α = %s, seed %d.",
			d.Actions, d.Redraws, Number(d.LeastP), Number(d.Alpha), d.Seed)
	}
	how := fmt.Sprintf("%d random redraws", d.Redraws)
	if d.Enumerated {
		how = fmt.Sprintf("all %.0f assignments", d.Assignments)
	}
	return fmt.Sprintf("%d action slots and %d control slots, in which everything but the command happened, were assigned by lot. Each candidate (channel, direction, kind, length class) was tested by the randomisation test over %s with a window of %v; p is adjusted over all candidates by Westfall and Young's step-down minP. The least possible p is %s; α = %s, seed %d.%s",
		d.Actions, d.Controls, how, duration(d.Window), Number(d.LeastP), Number(d.Alpha), d.Seed, looksMethod(d))
}

// Methods is a paragraph for a paper's methods section: what was done in the
// run, how it was tested, and with which programs. Keys in brackets are those
// of [Bibliography].
func Methods(p Part) string {
	sentences := []string{}
	if p.Run != nil {
		sentences = append(sentences, stimulus(*p.Run), recordings(*p.Run, p.Findings.Verdicts))
	}
	sentences = append(sentences, Method(p.Findings.Design))
	if p.Findings.Design.Method == analysis.Randomisation {
		sentences = append(sentences, "The test follows Fisher's randomisation principle [fisher1935], its adjustment for many candidates [westfall1993]"+sampled(p.Findings.Design)+".")
	}
	if len(p.Findings.Verdicts) > 1 {
		sentences = append(sentences, "Over several gateways p was adjusted by Holm's procedure [holm1979].")
	}
	sentences = append(sentences, fmt.Sprintf("The analysis has version %s.", p.Findings.Version))
	return strings.Join(sentences, " ")
}

func sampled(d analysis.Design) string {
	if d.Enumerated {
		return ""
	}
	return "; p of sampled redraws counts the observed assignment [phipson2010]"
}

// stimulus says how the light was operated.
func stimulus(r experiments.Run) string {
	e := r.Plan.Experiment
	s := fmt.Sprintf("A Philips Hue bulb was operated via the %s%s by hueprint %s", Printable(r.Via), bridgeWords(r.Bridge), Printable(r.Version))
	if e.Spacing > 0 {
		s += fmt.Sprintf(", with a slot every %s ± %s (uniform jitter), %s recorded before the first and after the last slot, and directions by the rule %q", duration(e.Spacing), duration(e.Jitter), duration(e.Settle), e.Directions)
	}
	if r.Simulated {
		s = "In a simulated lab, which is evidence for nothing about real gateways, a bulb was operated" + strings.TrimPrefix(s, "A Philips Hue bulb was operated")
	}
	return fmt.Sprintf("%s (%s).", s, ended(r))
}

func bridgeWords(b experiments.BridgeIdentity) string {
	var words []string
	if b.Model != "" {
		words = append(words, "model "+Printable(b.Model))
	}
	if b.Software != "" {
		words = append(words, "software "+Printable(b.Software))
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

func ended(r experiments.Run) string {
	if r.Started.IsZero() {
		return "the run did not start"
	}
	return fmt.Sprintf("from %s, %s", when(r.Started), r.Ending)
}

// recordings says how well the commands and the capture went.
func recordings(r experiments.Run, verdicts []analysis.Verdict) string {
	done, sent, worst := 0, 0, time.Duration(0)
	for _, c := range r.Commands {
		if c.Outcome == experiments.Withheld {
			continue
		}
		sent++
		worst = max(worst, c.Lateness)
		if c.Outcome == experiments.Done {
			done++
		}
	}
	lost := 0
	for _, v := range verdicts {
		lost += v.Evidence.Dropped
	}
	return fmt.Sprintf("No command was sent before every recorder had proved that it recorded. The bridge accepted %d of %d commands, none later than planned by more than %s; the recorders lost %d frames.", done, sent, duration(worst), lost)
}

// Bibliography is the BibTeX of the methods that the findings use, and of the
// study that the experiment goes back to.
func Bibliography(f analysis.Findings) string {
	entries := []string{zboril2022, junges2019}
	if f.Design.Method == analysis.Randomisation {
		entries = append(entries, fisher1935, westfall1993)
		if !f.Design.Enumerated {
			entries = append(entries, phipson2010)
		}
	}
	if len(f.Verdicts) > 1 {
		entries = append(entries, holm1979)
	}
	return strings.Join(entries, "\n")
}

const (
	zboril2022 = `@misc{zboril2022,
  author       = {Zbo{\v{r}}il, Jan},
  title        = {{IoT} Gateways Network Communication Analysis},
  howpublished = {Faculty of Information Technology, Brno University of Technology},
  year         = {2022}
}
`
	junges2019 = `@inproceedings{junges2019,
  author    = {Junges, Pierre-Marie and Fran{\c{c}}ois, J{\'e}r{\^o}me and Festor, Olivier},
  title     = {Passive Inference of User Actions through {IoT} Gateway Encrypted Traffic Analysis},
  booktitle = {2019 IFIP/IEEE Symposium on Integrated Network and Service Management (IM)},
  pages     = {7--12},
  year      = {2019}
}
`
	fisher1935 = `@book{fisher1935,
  author    = {Fisher, Ronald A.},
  title     = {The Design of Experiments},
  publisher = {Oliver and Boyd},
  address   = {Edinburgh},
  year      = {1935}
}
`
	westfall1993 = `@book{westfall1993,
  author    = {Westfall, Peter H. and Young, S. Stanley},
  title     = {Resampling-Based Multiple Testing: Examples and Methods for p-Value Adjustment},
  publisher = {Wiley},
  address   = {New York},
  year      = {1993}
}
`
	phipson2010 = `@article{phipson2010,
  author    = {Phipson, Belinda and Smyth, Gordon K.},
  title     = {Permutation P-values Should Never Be Zero: Calculating Exact P-values When Permutations Are Randomly Drawn},
  journal   = {Statistical Applications in Genetics and Molecular Biology},
  volume    = {9},
  number    = {1},
  year      = {2010}
}
`
	holm1979 = `@article{holm1979,
  author    = {Holm, Sture},
  title     = {A Simple Sequentially Rejective Multiple Test Procedure},
  journal   = {Scandinavian Journal of Statistics},
  volume    = {6},
  number    = {2},
  pages     = {65--70},
  year      = {1979}
}
`
)
