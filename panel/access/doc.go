// Package access decides who may do what in the control panel.
//
// There are three ways to be somebody. A browser logs in with an account's name
// and password and gets a session, of which the cookie holds 32 random bytes and
// the store their hash. A program sends a token (Authorization: Bearer …), of
// which the store holds the hash as well. And on a loopback address the operator
// may open the panel to everybody there ([Options.Open]), for the lab without
// hardware. Each has a scope: view, run, admin; each includes those before it.
//
// What a route needs is written beside it ([Route]); [Gate] asks before the
// handler runs, and [Who] tells the handler who was let in. The first account is
// made through the set-up link, which works once; until then nothing but that
// link works, so that nobody can come first by accident.
//
// The package does not draw: what the pages for logging in look like is in
// package pages, through [Views]. It does not encrypt either; without TLS the
// panel belongs on a loopback address or behind a proxy that adds it.
package access
