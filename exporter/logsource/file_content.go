package logsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/pkg/crash"
)

// content is one content of a log file: a file, from its beginning to its
// truncation or removal.
type content struct {
	file       *os.File
	dev, ino   uint64
	offset     int64 // up to which it was read
	generation uint64
	beginning  []byte        // its first bytes, as they were read
	grew       time.Time     // when it was last seen to grow
	linger     time.Duration // for how long it is read on after it was replaced
	live       bool          // everything from before the start was read
	looked     time.Time     // modification time when it was last read to its end
	buf        []byte
	framer     framer
}

// fingerprintSize bounds the beginning of a file by which it is recognised.
const fingerprintSize = 1024

// framer cuts the bytes of a content into what is passed on.
type framer interface {
	// feed takes the bytes that follow those before.
	feed(b []byte, when moment)
	// idle is called when there are no more for now.
	idle(when moment)
	// end is called when there will be no more.
	end(when moment)
	// pending is the number of bytes, counted back from the last one fed,
	// that are not passed on yet.
	pending() int64
}

// moment says when bytes were read, and by when they had been written.
type moment struct{ now, written time.Time }

// open opens the file that bears the name now, at its start.
func (f *File) open(generation uint64, sink Sink) *content {
	c, err := f.openPath(f.Path, generation, sink)
	if err != nil {
		f.noteMissing(err)
		return nil
	}
	return c
}

func (f *File) openPath(path string, generation uint64, sink Sink) (*content, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	st, err := file.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c := &content{file: file, generation: generation, grew: time.Now(), linger: drainFor}
	c.dev, c.ino = identity(st)
	c.framer = f.newFramer(c, sink)
	return c, nil
}

func identity(st os.FileInfo) (dev, ino uint64) {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), s.Ino //nolint:unconvert // the width of Dev differs between architectures
	}
	return 0, 0
}

func (c *content) is(st os.FileInfo) bool {
	dev, ino := identity(st)
	return c.dev == dev && c.ino == ino
}

func (c *content) sameFile(o *content) bool { return c.dev == o.dev && c.ino == o.ino }

// rewritten reports whether the file was cut short, or begins otherwise than
// it did, so that it has another content now.
func (c *content) rewritten() bool {
	if c.file == nil {
		return false
	}
	st, err := c.file.Stat()
	if err != nil {
		return false // not because of a rotation
	}
	return st.Size() < c.offset || !beginsWith(c.file, c.beginning)
}

// beginsWith reports whether a file begins with these bytes.
func beginsWith(r io.ReaderAt, beginning []byte) bool {
	b := make([]byte, len(beginning))
	n, err := r.ReadAt(b, 0)
	return bytes.Equal(b[:n], beginning) && (err == nil || errors.Is(err, io.EOF))
}

// sumOf is the fingerprint of a beginning.
func sumOf(beginning []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(beginning) // never fails
	return h.Sum64()
}

// matches reads the beginning of a file that has a fingerprint, nil when it has
// another.
func matches(r io.ReaderAt, p FilePosition) []byte {
	b := make([]byte, min(max(p.Head, 0), fingerprintSize))
	if n, err := r.ReadAt(b, 0); n < len(b) || (err != nil && !errors.Is(err, io.EOF)) || sumOf(b) != p.Sum {
		return nil
	}
	return b
}

// skipToEnd leaves out what is there.
func (c *content) skipToEnd() {
	size, err := c.file.Seek(0, io.SeekEnd)
	if err != nil {
		return
	}
	c.offset = size
	c.beginning = make([]byte, min(size, fingerprintSize))
	if n, err := c.file.ReadAt(c.beginning, 0); err != nil && !errors.Is(err, io.EOF) {
		c.beginning = c.beginning[:n]
	}
}

func (c *content) position() FilePosition {
	return FilePosition{
		Dev: c.dev, Ino: c.ino, Offset: c.offset - c.framer.pending(), Generation: c.generation,
		Head: int64(len(c.beginning)), Sum: sumOf(c.beginning),
	}
}

// read passes on everything that was added.
func (c *content) read(ctx context.Context, sink Sink, now time.Time) {
	if c.file == nil {
		return
	}
	when := moment{now, now}
	st, err := c.file.Stat()
	if err != nil {
		sink.Trouble(crash.SourceLogFile, TroubleReader)
		return
	}
	if c.steady(st) {
		c.framer.idle(when)
		return
	}
	if !c.live && st.ModTime().Before(now) {
		when.written = st.ModTime()
	}
	if c.buf == nil {
		c.buf = make([]byte, chunk)
	}
	for ctx.Err() == nil {
		n, err := c.file.ReadAt(c.buf, c.offset)
		if c.rewritten() {
			return // what was read may be of another content
		}
		c.take(c.buf[:n], when)
		if err != nil || n == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				sink.Trouble(crash.SourceLogFile, TroubleReader)
			}
			c.live, c.looked = true, st.ModTime()
			c.framer.idle(when)
			return
		}
	}
}

// steady reports whether nothing was written since the last look.
func (c *content) steady(st os.FileInfo) bool {
	return c.live && st.Size() == c.offset && st.ModTime().Equal(c.looked)
}

// take passes on what was read.
func (c *content) take(b []byte, when moment) {
	if len(b) == 0 {
		return
	}
	if have := len(c.beginning); int64(have) == c.offset && have < fingerprintSize {
		c.beginning = append(c.beginning, b[:min(len(b), fingerprintSize-have)]...)
	}
	c.offset += int64(len(b))
	c.grew = when.now
	c.framer.feed(b, when)
}

// truncated goes on in a copy that the rotation left of a file that was cut
// short; without one, what was written since the last look is lost.
func (c *content) truncated(replica *os.File, sink Sink, logger *slog.Logger) {
	if replica == nil {
		name := c.file.Name()
		c.close()
		sink.Trouble(crash.SourceLogFile, TroubleLost)
		logger.Warn("A log file was truncated; what was written to it since the last look is lost", "file", name)
		return
	}
	_ = c.file.Close() // was only read
	c.file, c.linger = replica, blockQuiet
	if st, err := replica.Stat(); err == nil {
		c.dev, c.ino = identity(st)
	}
}

func (c *content) end(_ Sink, now time.Time) { c.framer.end(moment{now, now}) }

func (c *content) close() {
	if c.file != nil {
		_ = c.file.Close() // was only read
	}
	c.file, c.linger = nil, 0
}
