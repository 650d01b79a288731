// Package api is the panel's HTTP interface for programs: everything that its
// pages do, as JSON below /api/v1.
//
// What there is, who may do it, and what comes back is written in one document
// (openapi.yaml), which the server shows to everybody at /api/v1/openapi.json.
// The document is written by hand and comes first: tests hold every route,
// request and answer against it. [Routes] is the entry.
//
// Requests are read strictly: an unknown field or a wrong type is refused with a
// sentence that says where. Errors are problems (RFC 9457). Lists are pages; the
// cursor of the next one is in the answer and in its Link header (RFC 8288).
//
// The package decides nothing: package desk checks and does, package access has
// asked who it is. No part of a request becomes a path of the file system: runs
// are found through the index, and their files have fixed names.
package api
