package corefile

import (
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

const magicBytes = 6

// compression is one format: its magic bytes and its decoder.
type compression struct {
	name  string
	magic string
	open  func(r io.Reader, opt Options) (io.Reader, error)
}

// compressions are tried in order.
var compressions = []compression{
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"gzip", "\x1f\x8b", openGzip},
	{"xz", "\xfd7zXZ\x00", openXZ},
	{"lz4", "\x04\x22\x4d\x18", openLZ4},
}

// compressionOf returns the format that the input starts with, nil for none.
func compressionOf(b []byte) *compression {
	for i := range compressions {
		if m := compressions[i].magic; len(b) >= len(m) && string(b[:len(m)]) == m {
			return &compressions[i]
		}
	}
	return nil
}

// readCompressed reads a core through a decoder. again tells that open can be
// called more than once.
func readCompressed(c *compression, input func() io.Reader, again bool, size int64, opt Options, sc *scratch) (*Facts, error) {
	open := func() (io.Reader, error) {
		r, err := c.open(input(), opt)
		if err != nil {
			return nil, decoderError(c, err)
		}
		return r, nil
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	src := &stream{r: r, ctx: opt.Context, limit: opt.MaxDecompressed, end: -1, scratch: sc.skip[:]}
	if again {
		src.reopen = open
	}
	f, err := readCore(&window{src: src, buf: sc.window[:]}, opt)
	switch {
	case src.damage != nil && err != nil:
		return nil, decoderError(c, src.damage)
	case err != nil:
		return nil, err
	}
	f.Truncated = f.Truncated || src.damage != nil
	f.Compression, f.Size = c.name, size
	return f, nil
}

// decoderError classifies what a decoder complained about.
func decoderError(c *compression, err error) error {
	e := &Error{Reason: ReasonMalformed, What: c.name + " data", Offset: -1, Err: err}
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		e.Reason = ReasonLimit
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Reason = ReasonTruncated
	}
	return e
}

func openZstd(r io.Reader, opt Options) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(opt.MaxWindow)))
}

func openGzip(r io.Reader, _ Options) (io.Reader, error) { return gzip.NewReader(r) }

func openLZ4(r io.Reader, _ Options) (io.Reader, error) { return lz4.NewReader(r), nil }

func openXZ(r io.Reader, _ Options) (io.Reader, error) { return xz.NewReader(r) }
