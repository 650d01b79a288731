package pages_test

import (
	"testing"

	"github.com/hueprint/hueprint/panel/labtest"
)

func TestEach(t *testing.T) {
	for _, l := range []*labtest.Lab{labtest.Empty(t), labtest.Full(t)} {
		b := serve(t, l)
		for _, path := range []string{"/", "/runs", "/schedule", "/schedule/new", "/schedule/history", "/setup", "/setup/bridge", "/setup/light", "/setup/gateways", "/setup/gateways/edit", "/setup/experiments", "/setup/checks", "/setup/access", "/account"} {
			b.get(path).says(200)
		}
	}
}
