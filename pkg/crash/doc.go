// Package crash is the domain of Epicurve: what one crash is, what we keep of
// it, and which of its attributes people count by.
//
// A [Record] is the small, privacy-safe extract of one abnormal end of a
// process (or of one failure of an AI workflow). It holds no memory contents,
// no arguments and no environment. Its attributes are named after the
// OpenTelemetry semantic conventions where one exists; [Fields] lists them all,
// and everything that moves records about (OTLP, JSON lines, CSV, the stores,
// metrics and the query language) follows from that one list.
//
// The package imports the standard library only.
package crash
