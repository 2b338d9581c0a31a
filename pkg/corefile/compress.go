package corefile

import (
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// magicBytes is how many bytes tell the compression.
const magicBytes = 6

// compression is one format: its magic bytes and its decoder.
type compression struct {
	name  string
	magic string
	open  func(r io.Reader, opt Options) (*decoder, error)
}

var (
	formatZstd = compression{"zstd", "\x28\xb5\x2f\xfd", openZstd}
	formatGzip = compression{"gzip", "\x1f\x8b", openGzip}
	formatXZ   = compression{"xz", "\xfd7zXZ\x00", openXZ}
	formatLZ4  = compression{"lz4", "\x04\x22\x4d\x18", openLZ4}
)

// compressionOf returns the format that the input starts with, nil for none.
// A skippable frame (RFC 8878, 3.1.2) is what parallel zstd writers start with.
func compressionOf(b []byte) *compression {
	for _, c := range []*compression{&formatZstd, &formatGzip, &formatXZ, &formatLZ4} {
		if len(b) >= len(c.magic) && string(b[:len(c.magic)]) == c.magic {
			return c
		}
	}
	if len(b) >= 4 && b[0]&0xf0 == 0x50 && string(b[1:4]) == "\x2a\x4d\x18" {
		return &formatZstd
	}
	return nil
}

// readCompressed reads a core through a decoder. input returns the compressed
// bytes from their start; again tells that it can be called more than once.
func readCompressed(c *compression, input func() io.Reader, again bool, size int64, opt Options, sc *scratch) (*Facts, error) {
	var last *decoder
	open := func() (io.Reader, error) {
		if last != nil {
			last.release()
		}
		d, err := c.open(&cappedReader{r: input(), n: opt.MaxDecompressed}, opt)
		if last = d; err != nil {
			return nil, err
		}
		return d, nil
	}
	r, err := open()
	if err != nil {
		return nil, decoderError(c, err)
	}
	defer func() {
		if last != nil {
			last.release()
		}
	}()
	ctx := opt.Context
	if again {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.MaxTime)
		defer cancel()
	}
	src := &stream{r: r, ctx: ctx, limit: opt.MaxDecompressed, end: -1, scratch: sc.skip[:]}
	if again {
		src.reopen = open
	}
	sc.open(src)
	f, err := readCore(sc, opt)
	switch {
	case src.damage != nil && err != nil:
		return nil, decoderError(c, src.damage) // rather than what it led to
	case err != nil:
		return nil, err
	}
	if src.damage != nil {
		f.Truncated = true
		f.Incomplete = decoderError(c, src.damage).Error()
	}
	f.Compression, f.Size = c.name, size
	return f, nil
}

// cappedReader bounds the compressed bytes: a file of skippable frames or empty
// members decodes to nothing for as long as it goes on.
type cappedReader struct {
	r io.Reader
	n int64
}

var errInputCap = errors.New("more compressed bytes than decompressed ones are allowed")

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.n <= 0 {
		return 0, errInputCap
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.n)])
	c.n -= int64(n)
	return n, inputError(err)
}

// inputError marks a failure of the input, so that it is not taken for bad
// data when it comes out of a decoder.
func inputError(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	return &Error{Reason: ReasonIO, What: "read", Offset: -1, Err: err}
}

// decoderError classifies what a decoder complained about.
func decoderError(c *compression, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	e := &Error{Reason: ReasonMalformed, What: c.name + " data", Offset: -1, Err: err}
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, errInputCap):
		e.Reason = ReasonLimit
	case errors.Is(err, errors.ErrUnsupported):
		e.Reason = ReasonUnsupported
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Reason = ReasonTruncated
	}
	return e
}
