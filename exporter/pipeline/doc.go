// Package pipeline is the only room that knows the order of things:
//
//	watch ─▶ read a bounded prefix ─▶ classify ─▶ annotate ─▶ spool ─▶ count
//
// A crash is durable in the spool before it is counted, and its id comes from
// its content, so that neither a rescan nor a restart counts it again. The
// counters are a fold over the spool; one goroutine, the committer, appends to
// the spool and folds, several others read files.
package pipeline
