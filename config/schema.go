package config

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/hueprint/hueprint/traffic"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration file, for
// editors: put `# yaml-language-server: $schema=config.schema.json` on the
// file's first line.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		DoNotReference:             true,
		Anonymous:                  true,
		Mapper:                     textual,
	}
	s := r.Reflect(&Config{})
	s.Title, s.Description = "hueprint configuration", "The configuration file of hueprint."
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write configuration schema: %w", err)
	}
	return append(out, '\n'), nil
}

// textual gives values that are written as text a pattern or format.
func textual(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
	case reflect.TypeFor[netip.Addr]():
		return &jsonschema.Schema{Type: "string", Examples: []any{"192.168.1.20"}}
	case reflect.TypeFor[netip.Prefix]():
		return &jsonschema.Schema{Type: "string", Examples: []any{"192.168.1.0/24"}}
	case reflect.TypeFor[Size]():
		return &jsonschema.Schema{Type: "string", Pattern: `^(0|[0-9]+(\.[0-9]+)? ?([kKMGT]B|[KMGT]iB|B))$`}
	case reflect.TypeFor[Span]():
		return &jsonschema.Schema{Type: "string", Pattern: `^(0|[0-9]+[dw]|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`}
	case reflect.TypeFor[traffic.MAC]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$`}
	}
	return nil
}
