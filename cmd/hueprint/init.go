package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint"
)

func (p *program) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented configuration to start from",
		Long: `Writes a commented configuration (config.yaml unless FILE is given) and its JSON
Schema, config.schema.json, with which editors complete and check the file. A
file that exists is left alone.`,
		Example: "  hueprint init\n  hueprint init bench2.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := p.configPath
			if len(args) == 1 {
				path = args[0]
			}
			if err := writeNew(path, hueprint.ExampleConfig); err != nil {
				return err
			}
			schema := filepath.Join(filepath.Dir(path), "config.schema.json")
			if err := writeNew(schema, hueprint.ConfigSchema); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			fmt.Fprintf(p.out, "wrote %s\n\nNext:\n  1. hueprint bridge discover    put the bridge's address into the file\n"+
				"  2. hueprint bridge pair        press its button, keep the key\n"+
				"  3. hueprint bridge lights      choose the bulb\n  4. hueprint doctor             check the whole bench\n", path)
			return nil
		},
	}
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and is left alone; give another name or move it away (%w)", path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
