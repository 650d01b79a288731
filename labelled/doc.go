// Package labelled reads other people's captures with their lists of actions,
// for analysis without a run of our own: a capture file, a CSV table of actions
// ([ReadActions]), and the address of the gateway ([ParseGateway]); or a folder
// that holds all three ([Open]).
//
// It trusts no clock and no zone beyond what the table says, searches no
// offset, and decides nothing: package analysis has the test for captures that
// were not designed.
package labelled
