package corefile

import (
	"context"
	"time"
)

// Options bounds a read. The zero value means the defaults.
type Options struct {
	// MaxDecompressed is how many decompressed bytes of a compressed core, or
	// plain bytes of a stream, are read at most; what lies behind is unknown.
	// 0 means 256 MiB.
	MaxDecompressed int64
	// MaxWindow bounds the memory of a decoder in bytes: inputs that need a
	// larger window or dictionary are refused with ReasonLimit. 0 means
	// 64 MiB; `zstd --long=27` needs 128 MiB.
	MaxWindow int64
	// MaxTime bounds how long Read decompresses one core; registers read by
	// then are kept. 0 means 30 seconds, enough for MaxDecompressed of .xz,
	// the slowest format (12 MB/s). Plain cores and ReadStream, which may
	// wait for a slow writer, are bounded by Context only.
	MaxTime time.Duration
	// MaxNotes is how many bytes of notes are walked at most when the layout
	// of the notes gives no shortcut. 0 means 64 MiB.
	MaxNotes int64
	// ReturnText is how many believable return addresses near sp get a small
	// window of text before them, where text was dumped. 0 means 8,
	// negative none.
	ReturnText int
	// Context ends the read early; nil never does. Registers read before the
	// end are kept.
	Context context.Context
}

const (
	defaultMaxDecompressed = 256 << 20
	defaultMaxWindow       = 64 << 20
	defaultMaxTime         = 30 * time.Second
	defaultMaxNotes        = 64 << 20
	defaultReturnText      = 8
)

// withDefaults returns o with every zero field set.
func (o Options) withDefaults() Options {
	if o.MaxDecompressed <= 0 {
		o.MaxDecompressed = defaultMaxDecompressed
	}
	if o.MaxWindow <= 0 {
		o.MaxWindow = defaultMaxWindow
	}
	if o.MaxTime <= 0 {
		o.MaxTime = defaultMaxTime
	}
	if o.MaxNotes <= 0 {
		o.MaxNotes = defaultMaxNotes
	}
	switch {
	case o.ReturnText == 0:
		o.ReturnText = defaultReturnText
	case o.ReturnText < 0:
		o.ReturnText = 0
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
	return o
}
