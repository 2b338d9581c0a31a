package corefile

import (
	"bufio"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// decoder is a forward-only decompressor with bounded memory; release gives
// its buffers back for the next core.
type decoder struct {
	io.Reader
	release func()
}

// The pools hold decoders of the default window, so that a scan of thousands
// of compressed cores does not allocate thousands of windows.
var (
	zstdPool sync.Pool
	gzipPool sync.Pool
	lz4Pool  sync.Pool
)

func openZstd(r io.Reader, opt Options) (*decoder, error) {
	if opt.MaxWindow != defaultMaxWindow {
		d, err := newZstd(r, opt.MaxWindow)
		if err != nil {
			return nil, err
		}
		return &decoder{Reader: d, release: d.Close}, nil
	}
	d, _ := zstdPool.Get().(*zstd.Decoder)
	if d == nil {
		var err error
		if d, err = newZstd(nil, defaultMaxWindow); err != nil {
			return nil, err
		}
	}
	release := func() {
		if d.Reset(nil) == nil {
			zstdPool.Put(d)
		}
	}
	if err := d.Reset(r); err != nil {
		return nil, err
	}
	return &decoder{Reader: d, release: release}, nil
}

// newZstd makes a decoder that works in the caller's goroutine only.
func newZstd(r io.Reader, window int64) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(max(window, zstd.MinWindowSize))))
}

func openGzip(r io.Reader, _ Options) (*decoder, error) {
	z, _ := gzipPool.Get().(*gzip.Reader)
	if z == nil {
		z = new(gzip.Reader)
	}
	if err := z.Reset(r); err != nil {
		return nil, err
	}
	return &decoder{Reader: z, release: func() { gzipPool.Put(z) }}, nil
}

func openLZ4(r io.Reader, _ Options) (*decoder, error) {
	z, _ := lz4Pool.Get().(*lz4.Reader)
	if z == nil {
		z = lz4.NewReader(nil)
	}
	z.Reset(r)
	return &decoder{Reader: z, release: func() { z.Reset(nil); lz4Pool.Put(z) }}, nil
}

func openXZ(r io.Reader, opt Options) (*decoder, error) {
	x := &xzReader{in: bufio.NewReader(r), maxDict: opt.MaxWindow}
	if err := x.streamHeader(); err != nil {
		return nil, err
	}
	return &decoder{Reader: x, release: func() {}}, nil
}
