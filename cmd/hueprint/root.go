package main

import (
	"io"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hueprint/hueprint/config"
)

// program is one invocation: its streams and the flags that all commands share.
type program struct {
	in       io.Reader
	out, err io.Writer
	// started tells mistakes in the command line from failures of the work.
	started bool

	configPath string
}

func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "hueprint",
		Short: "Does operating a light leave a mark in a gateway's traffic?",
		Long: `hueprint tells, for each smart-home gateway on your bench, whether operating a
Philips Hue bulb leaves a mark in the gateway's network traffic, which packets,
who can see them, and how sure that is.

It runs the experiment itself: it toggles the bulb through the bridge at random
times, with control slots in which nothing is sent, while it records the
gateway's traffic, and tests the recording against all ways in which the slots
could have been drawn.

Start here:
  hueprint demo                      the whole job on a simulated lab, in a minute
  hueprint init                      write a configuration for your own bench
  hueprint bridge discover           find the bridge, then: hueprint bridge pair
  hueprint doctor                    check the bench, line by line
  hueprint plan toggles              see what a run would do; touches nothing
  hueprint run toggles               do it

Use it on your own lab and devices only; see docs/ethics.md.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but inconclusive.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			p.started = true
		},
	}
	root.PersistentFlags().StringVarP(&p.configPath, "config", "c", "config.yaml", "configuration file")
	p.addGroup(root, "To begin with:", p.demoCommand(), p.initCommand(), p.doctorCommand(), p.bridgeCommand())
	p.addGroup(root, "Experiments:", p.planCommand(), p.runCommand(), p.restoreCommand())
	p.addGroup(root, "The lab's server:", p.serveCommand(), p.accountCommand(), p.tokenCommand(), p.scheduleCommand())
	p.addGroup(root, "Results:", p.analyzeCommand(), p.reportCommand(), p.explainCommand(), p.inferCommand(), p.annotateCommand(), p.exportCommand(), p.bundleCommand())
	p.addGroup(root, "Proof and tools:", p.simulateCommand(), p.validateCommand(), p.versionCommand())
	return root
}

// addGroup lists commands under a heading of the help.
func (p *program) addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
		root.AddCommand(c)
	}
}

// commandPath names the command that args meant, for the hint at its help.
func (p *program) commandPath(root *cobra.Command, args []string) string {
	if cmd, _, err := root.Find(args); err == nil {
		return cmd.CommandPath()
	}
	return root.Name()
}

// load reads the configuration that --config names.
func (p *program) load() (config.Config, error) { return config.Load(p.configPath) }

// terminal tells whether w is a terminal that people watch, and its width.
func terminal(w io.Writer) (width int, ok bool) {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}
