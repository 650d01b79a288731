package panel

import (
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/api"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/pages"
)

// contents are the pages and the API.
func contents(d desk.Desk) (access.Views, []access.Route) {
	return pages.Views(d), append(pages.Routes(d), api.Routes(d)...)
}
