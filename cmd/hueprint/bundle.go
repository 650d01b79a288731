package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"os/user"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/bundle"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
	"github.com/hueprint/hueprint/traffic/pseudonym"
)

// bundleFlags are what bundle takes beside its arguments.
type bundleFlags struct {
	out, names, key, licence, check string
	shift                           bool
	seed                            uint64
	seedSet                         bool
}

func (p *program) bundleCommand() *cobra.Command {
	var f bundleFlags
	cmd := &cobra.Command{
		Use:   "bundle RUN... --out DIR",
		Short: "Make a dataset of runs that can be published, or check one",
		Long: `Copies runs into a folder that can be published. Packets are cut after TLS
record headers, hellos and DNS; addresses become others with the same prefixes
in common, MAC addresses keep the vendor, names of the home become others of the
same length, keys go. Every copy is a run folder like any other, and its findings
equal the original's, which is verified here.

The secret key behind the pseudonyms is drawn anew and thrown away, unless --key
names a file for it: bundles of one key have the same pseudonyms. Keep that file
to yourself; whoever has it can tell who is who.

--check DIR lists what is left in a folder that could name a person or a place,
and ends with status 1 if there is anything. Read a bundle yourself, too.`,
		Example: `  hueprint bundle lab/runs/2026-11-22-toggles-01KB… --out dataset --names hash --shift-time --licence CC-BY-4.0
  hueprint bundle --check dataset`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seedSet = cmd.Flags().Changed("seed")
			if f.check != "" {
				return p.checkBundle(f, args)
			}
			return p.bundle(args, f)
		},
	}
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "folder to write; must be empty or not exist")
	cmd.Flags().StringVar(&f.names, "names", string(pseudonym.KeepNames), "names of the public Internet: keep or hash; names of the home are always hashed")
	cmd.Flags().BoolVar(&f.shift, "shift-time", false, "move all times by one secret offset")
	cmd.Flags().StringVar(&f.key, "key", "", "file that keeps the secret key; made when it is missing")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "make the key of a number instead: for tests, as anyone can try numbers")
	cmd.Flags().StringVar(&f.licence, "licence", "", "licence of the dataset, such as CC-BY-4.0")
	cmd.Flags().StringVar(&f.check, "check", "", "check this folder instead of writing one")
	_ = cmd.RegisterFlagCompletionFunc("names", cobra.FixedCompletions([]string{"keep", "hash"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f bundleFlags) validate(args []string) error {
	switch {
	case len(args) == 0:
		return usageError{errors.New("name at least one run, or a folder with --check")}
	case f.out == "":
		return usageError{errors.New("--out is missing: the folder to write the bundle to")}
	case f.names != string(pseudonym.KeepNames) && f.names != string(pseudonym.HashNames):
		return usageError{fmt.Errorf("--names %q is neither keep nor hash", f.names)}
	case f.key != "" && f.seedSet:
		return usageError{errors.New("--key and --seed exclude each other")}
	case f.key != "" && inside(f.out, f.key):
		return usageError{errors.New("--key lies inside --out: the key must not be published")}
	}
	return nil
}

// inside tells whether path lies below dir.
func inside(dir, path string) bool {
	d, err1 := filepath.Abs(dir)
	p, err2 := filepath.Abs(path)
	rel, err3 := filepath.Rel(d, p)
	return errors.Join(err1, err2, err3) == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (p *program) bundle(args []string, f bundleFlags) error {
	if err := f.validate(args); err != nil {
		return err
	}
	var originals []*runs.Folder
	for _, arg := range args {
		folder, err := p.openRun(arg)
		if err != nil {
			return err
		}
		originals = append(originals, folder)
	}
	key, err := f.secret()
	if err != nil {
		return err
	}
	m, err := bundle.Write(f.out, originals, key, bundle.Options{
		Names: pseudonym.Names(f.names), Shift: f.shift, Licence: f.licence, Version: programVersion(),
		Words: personalWords(), Derive: deriveFindings,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "wrote %d runs to %s; their findings equal the originals'\n", len(m.Runs), f.out)
	return p.printTraces(f.out)
}

// secret is the key: of the file, of the seed, or a new one.
func (f bundleFlags) secret() (key pseudonym.Key, err error) {
	if f.seedSet {
		return sha256.Sum256(fmt.Appendf(nil, "hueprint bundle seed %d", f.seed)), nil
	}
	_, _ = rand.Read(key[:]) // never fails
	if f.key == "" {
		return key, nil
	}
	text, err := os.ReadFile(f.key)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.WriteFile(f.key, []byte(hex.EncodeToString(key[:])+"\n"), 0o600)
		if err != nil {
			return key, fmt.Errorf("keep the key: %w", err)
		}
		return key, nil
	}
	if err != nil {
		return key, fmt.Errorf("read the key: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(key) {
		return key, fmt.Errorf("%s holds no key: want %d hexadecimal digits (name a file that does not exist to have one made)", f.key, 2*len(key))
	}
	return pseudonym.Key(b), nil
}

// personalWords are what this host and its user are called.
func personalWords() []string {
	var words []string
	if name, err := os.Hostname(); err == nil && name != "localhost" {
		short, _, _ := strings.Cut(name, ".")
		words = append(words, name, short)
	}
	if u, err := user.Current(); err == nil && u.Username != "root" {
		words = append(words, u.Username)
		words = append(words, u.Name)
	}
	return words
}

// deriveFindings analyses the published copy of a run, keeps its findings and
// its report, and demands that they equal the original's, which is only read.
func deriveFindings(original, published *runs.Folder) error {
	run, err := original.Run()
	if err != nil || run.Idle { // an idle recording has no findings
		return err
	}
	was, _, err := analysis.Analyze(run, func(gateway string) iter.Seq2[traffic.Packet, error] {
		return decode.Packets(original.Frames(gateway), nil)
	}, analysis.Options{})
	if err != nil {
		return fmt.Errorf("analyse run %s: %w", original.ID(), err)
	}
	is, err := analyzeRun(published, analysis.Options{})
	if err != nil {
		return err
	}
	for i, v := range was.Verdicts {
		if w := is.Findings.Verdicts[i]; !reflect.DeepEqual(saidBy(v), saidBy(w)) {
			return fmt.Errorf("run %s: the copy's findings for %s (%s) differ from the original's (%s): please report this defect; do not publish the copy", original.ID(), v.Gateway, w.Verdict, v.Verdict)
		}
	}
	is.Folder = filepath.Base(published.Dir())
	return keepReport(published, is, "hueprint analyze "+shellQuote(is.Folder))
}

// said is what a verdict says without names and dates.
type said struct {
	verdict    analysis.Conclusion
	p          string
	scopes     []string
	steps      []analysis.Step
	candidates int
	evidence   analysis.Evidence
	trials     []analysis.Trial
}

func saidBy(v analysis.Verdict) said {
	o := said{verdict: v.Verdict, p: pOf(v.P), candidates: v.Candidates, evidence: v.Evidence, trials: slices.Clone(v.Trials)}
	o.evidence.Proof = ""
	for i := range o.trials {
		o.trials[i].At = time.Time{}
	}
	for _, s := range v.Scopes {
		o.scopes = append(o.scopes, fmt.Sprint(s.Scope, s.Verdict, pOf(s.P), s.Packets, len(s.Pattern.Steps)))
	}
	for _, s := range v.Pattern.Steps {
		s.Name, s.Channel.Name, s.Detail = "", "", ""
		o.steps = append(o.steps, s)
	}
	return o
}

func pOf(p *float64) string {
	if p == nil {
		return "none"
	}
	return strconv.FormatFloat(*p, 'g', -1, 64)
}

func (p *program) checkBundle(f bundleFlags, args []string) error {
	if len(args) > 0 || f.out != "" {
		return usageError{errors.New("--check takes a folder and nothing else")}
	}
	if _, err := os.Stat(f.check); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return p.printTraces(f.check)
}

// printTraces lists what is left; anything is a failure.
func (p *program) printTraces(dir string) error {
	traces, err := bundle.Check(dir, personalWords())
	if err != nil {
		return err
	}
	for _, t := range traces {
		fmt.Fprintln(p.out, t)
	}
	if len(traces) > 0 {
		return fmt.Errorf("%d things are left in %s that could name a person or a place: remove them, or decide that they may stay", len(traces), dir)
	}
	fmt.Fprintf(p.out, "nothing was found in %s that could name a person or a place; read it yourself, too\n", dir)
	return nil
}
