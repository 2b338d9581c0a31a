package pipeline

import (
	"io"

	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// isBrokenCore reports whether a file that fails for this reason was written as
// a core file all the same, which means that a process crashed.
func isBrokenCore(reason corefile.Reason) bool {
	switch reason {
	case corefile.ReasonTruncated, corefile.ReasonMalformed, corefile.ReasonUnsupported, corefile.ReasonNoRegisters:
		return true
	default:
		return false
	}
}

// identityPrefix is how much of a broken core makes its id. Its program headers
// hold randomised addresses, so that two crashes differ.
const identityPrefix = 64 << 10

// unreadable makes the record of a crash whose core is broken: class other,
// kind unreadable. Its id comes from the beginning of the file; ok is false
// when not even that can be read.
func unreadable(r io.ReaderAt, key watch.Key, reason string) (record *crash.Record, ok bool) {
	prefix := make([]byte, min(key.Size, identityPrefix))
	n, err := r.ReadAt(prefix, 0)
	if n == 0 || (err != nil && int64(n) < min(key.Size, identityPrefix)) {
		return nil, false
	}
	h := crash.NewHasher("unreadable")
	h.Add("prefix", prefix[:n])
	kind := crash.KindUnreadable
	return &crash.Record{
		ID: h.ID(), Source: crash.SourceCore,
		SchemaVersion: crash.SchemaVersion, ClassifierVersion: classify.Version,
		Finding: crash.Finding{
			Class: kind.Class(), Kind: kind, Signature: string(kind) + " " + reason,
			Reasons: []string{"core file: " + reason}, Confidence: crash.ConfidenceCertain,
		},
		Fault: crash.Fault{
			Truncated: reason == string(corefile.ReasonTruncated),
			BytesRead: crash.Some(int64(n)), FileSize: crash.Some(key.Size),
		},
	}, true
}
