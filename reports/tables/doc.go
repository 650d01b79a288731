// Package tables lays a run and its findings out as tables for statistics
// programs: one row a trial, an event, a candidate, and so on, as CSV and as
// Parquet, with every column documented in the file itself and in columns.md,
// and a notebook that reads them.
//
// [New] makes the tables; a [Table] writes itself. The struct of a row is the
// documentation: its tags name and explain the columns. Equal runs give equal
// bytes.
//
// Text from packets and people is hostile. In all formats control characters,
// marks of writing direction and invalid UTF-8 are visible escapes such as \x1b,
// so that one line is one row. CSV follows RFC 4180 in UTF-8; a text that a
// spreadsheet could take for a formula begins with an apostrophe, which a reader
// strips (see [Table.CSV]).
//
// The package computes nothing that the analysis has not, and opens no files.
package tables
