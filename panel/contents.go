package panel

import (
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/pages"
)

// contents are the pages.
func contents(d desk.Desk) (access.Views, []access.Route, error) {
	return pages.Views(d), pages.Routes(d), nil
}
