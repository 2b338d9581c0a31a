package corefile

import (
	"context"
	"errors"
	"io"
)

// source is the input behind a read: a file with random access, or a stream.
type source interface {
	// read fills p from offset off. Fewer bytes with a nil error mean that
	// the input ends there. A stream answers errBehind for an offset that
	// has passed and errLimit for one that it may not reach.
	read(p []byte, off int64) (int, error)
	// size is the input's length in bytes, -1 when unknown.
	size() int64
	// forward reports whether offsets must not decrease.
	forward() bool
	// rewind starts again from offset 0, where that is possible.
	rewind() bool
	// taken returns the bytes taken from the input and the reads it took.
	taken() (bytes int64, reads int)
}

var (
	errBehind = errors.New("offset has already passed in the stream")
	errLimit  = errors.New("offset lies behind the limit of the stream")
)

// ranged is a source with random access.
type ranged struct {
	r     io.ReaderAt
	n     int64
	ctx   context.Context
	bytes int64
	reads int
}

func (s *ranged) size() int64         { return s.n }
func (s *ranged) forward() bool       { return false }
func (s *ranged) rewind() bool        { return true }
func (s *ranged) taken() (int64, int) { return s.bytes, s.reads }

func (s *ranged) read(p []byte, off int64) (int, error) {
	if off >= s.n {
		return 0, nil
	}
	if rest := s.n - off; int64(len(p)) > rest {
		p = p[:rest]
	}
	if err := s.ctx.Err(); err != nil {
		return 0, &Error{Reason: ReasonLimit, What: "read stopped", Offset: off, Err: err}
	}
	s.reads++
	n, err := s.r.ReadAt(p, off)
	if n < 0 || n > len(p) {
		return 0, fail(ReasonIO, off, "reader returned %d of %d bytes", n, len(p))
	}
	s.bytes += int64(n)
	if err != nil && !errors.Is(err, io.EOF) && n < len(p) {
		return n, &Error{Reason: ReasonIO, What: "read", Offset: off, Err: err}
	}
	if n < len(p) {
		s.n = off + int64(n) // the file is shorter than we were told
	}
	return n, nil
}
