package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// unreadable is a request that cannot be read at all.
type unreadable struct {
	status int
	text   string
}

func (e *unreadable) Error() string { return e.text }

// read reads the request's body, one JSON object without unknown fields, and
// tells whether that went well; it has answered otherwise.
func (p *api) read(c *gin.Context, into any) bool {
	err := decode(c.Request, into)
	if err != nil {
		p.fail(c, err)
	}
	return err == nil
}

func decode(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &unreadable{http.StatusUnsupportedMediaType, "Send JSON, with the header Content-Type: application/json."}
	}
	body, err := io.ReadAll(r.Body) // the gate has bounded and read it
	if err != nil {
		return &unreadable{http.StatusBadRequest, "The request broke off. Send it again."}
	}
	if !utf8.Valid(body) || !json.Valid(body) {
		return &unreadable{http.StatusBadRequest, "The body is not one JSON value in UTF-8. See /api/v1/openapi.json."}
	}
	if err := strictly(body, into); err != nil {
		return &unreadable{http.StatusUnprocessableEntity, fmt.Sprintf("The body is not as the document says: %s. See /api/v1/openapi.json.", reason(err))}
	}
	return nil
}

// strictly reads one object. null would be taken for an empty one, and is not.
func strictly(body []byte, into any) error {
	if bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
		return errors.New("it must be an object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// reason is what is wrong, in the words of the document instead of Go's.
func reason(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%q cannot be a %s", wrong.Field, wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
