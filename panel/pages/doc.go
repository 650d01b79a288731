// Package pages draws the control panel: HTML made at the server, one style
// sheet, and small scripts that add what happens meanwhile.
//
// A page is complete without a script: forms post and are answered by a redirect
// with a message, or by the same page with each mistake at its field. What
// scripts add is live: the strip of packets, progress, the doctor's lines. No
// page contains a script or a style, and none asks another host for anything, so
// that the panel's content security policy can forbid both.
//
// Pages look like reports: they use the report's own style sheet, and a run's
// page shows the body of its report ([reports.Body]), figures included.
//
// Names that come from packets, bridges and other people are shown by
// [reports.Printable] and [reports.Prose], so that they can neither write markup
// nor turn the line around.
//
// The package draws and reads forms. What is asked for is checked and done in
// package desk; who may ask is decided in package access.
package pages
