// Package ship delivers the spool to the archive as OTLP logs over HTTP.
//
// An entry leaves the spool only after the archive has answered that it is
// committed. What is sent twice is harmless, since a crash keeps its id. While
// the archive cannot be reached the shipper waits, longer each time and with
// jitter, so that a thousand exporters do not come back in the same second.
// What the archive will never take is found by halving the batch, and set
// aside in the spool's refused.jsonl.
package ship
