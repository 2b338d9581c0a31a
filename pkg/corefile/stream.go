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
	n, err := readFull(s.r, p)
	s.pos += int64(n)
	s.bytes += int64(n)
	if err == nil {
		return n, nil
	}
	if e := (*Error)(nil); errors.As(err, &e) && e.Reason == ReasonIO {
		return n, e // the input below a decoder failed: not the core's fault
	}
	s.end = s.pos
	if !errors.Is(err, io.EOF) {
		s.damage = err
	}
	return n, nil
}

// readFull reads len(p) bytes. Unlike io.ReadFull it returns io.EOF for every
// end of the input, so that io.ErrUnexpectedEOF is always a decoder's.
func readFull(r io.Reader, p []byte) (int, error) {
	n, idle := 0, 0
	for n < len(p) {
		m, err := r.Read(p[n:])
		if m < 0 || m > len(p)-n {
			return n, errors.New("reader returned more bytes than asked for")
		}
		n += m
		if err != nil && n < len(p) {
			return n, err
		}
		if idle++; m > 0 {
			idle = 0
		}
		if idle > 100 {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}
