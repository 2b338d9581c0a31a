package ship

import (
	"crypto/rand"
	"encoding/hex"
)

// trace identifies one request to the archive, so that what a proxy or the
// archive logged of it can be found (W3C Trace Context, section 3.2).
type trace struct {
	id   [16]byte
	span [8]byte
}

func newTrace() trace {
	var t trace
	_, _ = rand.Read(t.id[:]) // never fails
	_, _ = rand.Read(t.span[:])
	return t
}

// parent is the value of the traceparent header: version 00, not sampled.
func (t trace) parent() string {
	return "00-" + t.String() + "-" + hex.EncodeToString(t.span[:]) + "-00"
}

// String returns the trace id, "" for the zero trace.
func (t trace) String() string {
	if t == (trace{}) {
		return ""
	}
	return hex.EncodeToString(t.id[:])
}
