package api

import (
	_ "embed" // the document
	"fmt"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openapiYAML []byte

// document is the document as JSON.
func document() ([]byte, error) {
	text, err := yaml.YAMLToJSON(openapiYAML)
	if err != nil {
		return nil, fmt.Errorf("read the API's document: %w", err)
	}
	return text, nil
}
