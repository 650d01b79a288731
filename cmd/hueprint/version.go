package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = ""

// programVersion is the build's version, or the module's when it was installed
// by `go install`.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

func (p *program) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of program, analysis and findings",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version  string `json:"version"`
				Analysis string `json:"analysis"`
				Findings string `json:"findings"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
			}{programVersion(), analysis.Version, analysis.Schema, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			if asJSON {
				return json.NewEncoder(p.out).Encode(v)
			}
			fmt.Fprintf(p.out, "hueprint %s (analysis %s, findings %s, %s, %s)\n", v.Version, v.Analysis, v.Findings, v.Go, v.Platform)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
