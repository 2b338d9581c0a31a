package corefile

import (
	"context"
	"errors"
	"io"
)

// stream is a forward-only source with a limit on how far it is read.
type stream struct {
	r       io.Reader
	reopen  func() (io.Reader, error) // nil when there is no second pass
	ctx     context.Context
	limit   int64
	pos     int64
	end     int64 // where the input ended, -1 when that is not known yet
	damage  error // a decoder's complaint that ended the input
	scratch []byte
	bytes   int64
	reads   int
}

func (s *stream) size() int64         { return s.end }
func (s *stream) forward() bool       { return true }
func (s *stream) taken() (int64, int) { return s.bytes, s.reads }

func (s *stream) rewind() bool {
	if s.reopen == nil {
		return false
	}
	r, err := s.reopen()
	if err != nil {
		s.end, s.damage = s.pos, err // the decoder is gone: read no further
		return false
	}
	s.r, s.pos = r, 0
	return true
}

func (s *stream) read(p []byte, off int64) (int, error) {
	switch {
	case s.end >= 0 && off >= s.end:
		return 0, nil
	case off < s.pos:
		return 0, errBehind
	case off > s.limit-int64(len(p)):
		return 0, errLimit
	}
	for s.pos < off {
		chunk := s.scratch
		if gap := off - s.pos; int64(len(chunk)) > gap {
			chunk = chunk[:gap]
		}
		if n, err := s.fill(chunk); err != nil || n < len(chunk) {
			return 0, err
		}
	}
	return s.fill(p)
}

// fill reads the next len(p) bytes; fewer mean the end of the input.
func (s *stream) fill(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, &Error{Reason: ReasonLimit, What: "read stopped", Offset: s.pos, Err: err}
	}
	s.reads++
	n, err := io.ReadFull(s.r, p)
	s.pos += int64(n)
	s.bytes += int64(n)
	if err == nil {
		return n, nil
	}
	if e := (*Error)(nil); errors.As(err, &e) && e.Reason == ReasonIO {
		return n, e // the input below a decoder failed: not the core's fault
	}
	s.end = s.pos
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		s.damage = err
	}
	return n, nil
}
