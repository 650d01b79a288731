// Package reports turns findings into what people and machines read: text for
// the terminal, Markdown, JSON with a versioned schema, and one self-contained
// HTML file that opens without a network.
//
// It says what the findings say, in plain words, and computes nothing of its
// own beyond layout: equal findings give equal bytes. Names that came from
// packets are hostile and are made printable here ([Printable]). "Simulated"
// stands on every page that was made from a simulated lab.
//
// A [Document] is what a report speaks of. [HTML], [Markdown], [JSON] and
// [Terminal.Text] write it whole, [Terminal.Explain] one gateway of it.
// [Methods], [Bibliography], [LaTeX] and [DisplayFilter] are the parts that
// readers take into papers and into Wireshark.
package reports
