// Package annotate writes a copy of a gateway's recording in which a reader of
// packets sees what the experiment did: every command, control slot and change
// of the light outside the slots is a record of its own on the time line, and
// every packet that belongs to a step of the pattern carries a comment.
//
// The copy is one pcapng file, whatever the number of files of the recording.
// Its frames keep their order, times and bytes. The first interface is the one
// that was tapped; the second is named [ActionsInterface] and holds the
// synthetic records, which Wireshark shows as syslog messages. So
//
//	frame.interface_name == "actions"    selects what the experiment did
//	frame.comment contains "P1 step"     selects the packets of the pattern
//	frame.comment contains "slot 7 "     selects those of slot 7
//
// Slots and steps count from 1, as in the report. [Write] is the entry. The
// package does not look for patterns: it marks what the analysis found. It does
// not touch the recording itself, which other tools read better without mixed
// link types. It hides nothing: a copy holds every byte that the recording does.
package annotate
