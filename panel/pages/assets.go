package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/reports"
)

//go:embed static
var staticFiles embed.FS

// assets are the files that pages need. Their path holds a digest of them all,
// so that browsers may keep them for ever.
type assets struct {
	path  string // /static/0123456789ab/
	files map[string][]byte
}

func newAssets() assets {
	files := map[string][]byte{"report.css": []byte(reports.StyleSheet()), "report.js": []byte(reports.Script())}
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		data, err := fs.ReadFile(staticFiles, "static/"+e.Name())
		if err != nil {
			panic(err)
		}
		files[e.Name()] = data
	}
	digest := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		digest.Write([]byte(name + "\x00"))
		digest.Write(files[name])
	}
	return assets{path: "/static/" + hex.EncodeToString(digest.Sum(nil)[:6]) + "/", files: files}
}

func (a assets) url(name string) string { return a.path + name }

func (a assets) serve(c *gin.Context) {
	data, ok := a.files[c.Param("name")]
	if !ok {
		c.Status(http.StatusNotFound)
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Data(http.StatusOK, kindOf(c.Param("name")), data)
}

// kindOf does not ask the host's table of types, which differs between hosts.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}
