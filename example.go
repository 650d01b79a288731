// Package hueprint is the root of the module; it holds nothing but the example
// configuration, which `hueprint init` writes and a test keeps complete. The
// program is in cmd/hueprint.
package hueprint

import _ "embed"

// ExampleConfig is config.example.yaml.
//
//go:embed config.example.yaml
var ExampleConfig []byte

// ConfigSchema is config.schema.json, the JSON Schema of the configuration.
//
//go:embed config.schema.json
var ConfigSchema []byte
