// Package validation holds the analysis to what it claims, on synthetic traffic
// whose truth is known: that nulls keep their level ([Nulls], [Calibrate]), that
// marks are found ([Detect]), that secondary tests name an effect's own cause
// ([Attribute]), and that planned looks find no more than alpha allows
// ([CalibrateLooks], [DetectLooks]).
//
// [Run] does all of it and [Results.Markdown] writes the document
// docs/validation.md. Everything is drawn from fixed seeds: equal sizes give
// equal bytes. The traffic is made to fool tests and resembles no real gateway;
// it says that the method is sound, not what any device does.
package validation
