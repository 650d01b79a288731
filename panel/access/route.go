package access

import (
	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/store"
)

// A Route is one method and path of the panel, who may use it, and what it does.
type Route struct {
	// Method is GET, POST, PUT, PATCH or DELETE. Path is a pattern of gin's.
	Method, Path string
	// Scope is the least that it needs; empty opens it to everybody.
	Scope store.Scope
	// Limit is the largest request body in bytes; 0 means [BodyLimit].
	Limit  int64
	Handle gin.HandlerFunc
}

// BodyLimit is the largest request body of a route that says nothing else.
const BodyLimit = 1 << 20

// An Identity is somebody who was let in.
type Identity struct {
	// Name is the account's or the token's; empty for nobody.
	Name  string
	Scope store.Scope
	// Token tells a program from a browser.
	Token bool
}

// Known tells whether it is anybody.
func (i Identity) Known() bool { return i.Scope != "" }

const identityKey = "hueprint.identity"

// Who is it that asks; the zero value on open routes where nobody is logged in.
func Who(c *gin.Context) Identity {
	if v, ok := c.Get(identityKey); ok {
		if i, ok := v.(Identity); ok {
			return i
		}
	}
	return Identity{}
}

const stillKey = "hueprint.still"

// Still tells whether the one that was let in would be let in again now. An
// answer that goes on for hours asks it from time to time, so that it ends with
// the session or token.
func Still(c *gin.Context) bool {
	if v, ok := c.Get(stillKey); ok {
		if again, ok := v.(func() bool); ok {
			return again()
		}
	}
	return true
}
