package pipeline

import (
	"io"

	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Broken makes the record of a crash whose core was read elsewhere than in a
// watched directory, and is broken for reason; nil when the file is no core, or
// can't be read. The record has the id that a watcher would have given it.
func Broken(r io.ReaderAt, size int64, reason corefile.Reason) *crash.Record {
	if !isBrokenCore(reason) {
		return nil
	}
	record, ok := unreadable(r, watch.Key{Size: size}, string(reason))
	if !ok {
		return nil
	}
	return record
}

// Bound brings every text of a record within its bound, as the pipeline does.
func Bound(r *crash.Record) { bound(r) }
