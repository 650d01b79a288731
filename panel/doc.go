// Package panel is the lab's server as a browser or a program meets it: the
// control panel's pages, the API, and what watches over both.
//
// [New] puts them together behind one door. Every route of packages pages and
// api passes the same checks of package access; an answer never tells what went
// wrong inside, the log does. /healthz says that the process lives, /readyz that
// it can do its work, /metrics how much it did.
//
// The package draws and decides nothing itself, and knows neither the bridge nor
// the conductor: they stand behind the ports of package lab.
package panel
