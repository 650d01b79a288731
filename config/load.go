package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/hueprint/hueprint/traffic"
)

// Load reads and checks the file at path. The error is [Mistakes] when the file
// could be read but is wrong.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("there is no configuration file %s: 'hueprint init' writes one to start from, --config names another", path)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(data, path, filepath.Dir(abs))
}

// Parse reads and checks a file's content; name is what mistakes call it, dir is
// what its relative paths start from.
func Parse(data []byte, name, dir string) (Config, error) {
	c, mistakes := Draft(data, name, dir)
	if len(mistakes) > 0 {
		return Config{}, mistakes
	}
	return c, nil
}

// Draft reads as much of a file's content as can be read, for a bench that is
// being set up: what is missing or wrong is in the mistakes and left at its
// default.
func Draft(data []byte, name, dir string) (Config, Mistakes) {
	c, mistakes := read(data, name)
	c.dir = dir
	for _, path := range []*string{&c.Runs, &c.Bridge.KeyFile, &c.Bridge.Roots, &c.Serve.Store,
		&c.Serve.TLS.Cert, &c.Serve.TLS.Key, &c.Serve.Notify.Mail.PasswordFile} {
		*path = c.path(*path)
	}
	for i := range c.Serve.Notify.Webhooks {
		w := &c.Serve.Notify.Webhooks[i]
		w.SecretFile = c.path(w.SecretFile)
	}
	return c, mistakes
}

// read is the file's content with its paths as they are written.
func read(data []byte, name string) (Config, Mistakes) {
	c := Config{Runs: DefaultRuns, Keep: traffic.KeepRecords, Bridge: Bridge{KeyFile: defaultKeyFile}, Serve: serving()}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return c, Mistakes{syntaxMistake(name, err)}
	}
	d := decoder{file: name, places: map[string]place{}}
	switch body := documentBody(file); {
	case body == nil:
		return c, Mistakes{{File: name, Line: 1, Column: 1, Text: "the file is empty: 'hueprint init' writes one to start from", Incomplete: true}}
	case len(file.Docs) > 1:
		d.at(beginOf(file.Docs[1]), "a second document begins here: one file holds one configuration")
	default:
		d.decode(body, "", &c)
	}
	d.check(c)
	return c, d.mistakes.sorted()
}

func documentBody(file *ast.File) ast.Node {
	for _, doc := range file.Docs {
		if doc.Body != nil {
			if _, null := doc.Body.(*ast.NullNode); !null {
				return doc.Body
			}
		}
	}
	return nil
}

// beginOf is where a document begins; an empty one has its marker only.
func beginOf(doc *ast.DocumentNode) place {
	if doc.Body != nil {
		return positionOf(doc.Body)
	}
	if doc.Start != nil && doc.Start.Position != nil {
		return place{doc.Start.Position.Line, doc.Start.Position.Column}
	}
	return place{1, 1}
}

// path makes p absolute, from the file's folder; an empty path stays empty.
func (c Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

func syntaxMistake(file string, err error) Mistake {
	m := Mistake{File: file, Line: 1, Column: 1, Text: err.Error(), syntax: true}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		m.Line, m.Column, m.Text = syntax.Token.Position.Line, syntax.Token.Position.Column, syntax.Message
	}
	return m
}
