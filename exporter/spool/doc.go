// Package spool is the exporter's durable outbox: a crash is on disk before it
// is counted, and stays there until the archive has committed it.
//
// The spool is a log of numbered entries in segment files. Each entry is framed
// by its length and a CRC-32C, so that a write cut short by a power failure or
// a kill is recognised and dropped when the spool is opened; [Spool.Append]
// returns after fsync. Counters are a fold over this log: a [Checkpoint] holds
// the fold up to some number, and on start only the entries after it are folded
// again. That is what makes a restart neither lose nor repeat a crash.
//
//	DIR/lock              held by the one exporter that uses DIR
//	DIR/spool/000….seg    entries; named by the number of the first
//	DIR/shipped           number of the last entry that the archive has
//	DIR/dropped           how many entries were given up, ever
//	DIR/checkpoint        counters, ids and file states up to a number
//	DIR/refused.jsonl     records that the archive will never take
//
// A segment is removed when all its entries are shipped and folded into a
// checkpoint, or when the spool outgrows its bound: the oldest first, or, to keep
// the beginning of an outbreak, the newest first. What is lost by that is counted,
// over restarts too, and reported. The package decides nothing about crashes.
package spool
