package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/epicurve/epicurve/pkg/crash"
)

// maxLine bounds one line, in bytes; a longer one is skipped and reported.
const maxLine = 1 << 20

// lines reads one record a line; empty lines are left out.
type lines struct {
	r      *bufio.Reader
	number int
	record func(line []byte) (crash.Record, error)
}

// Next implements Source.
func (l *lines) Next() (crash.Record, error) {
	for {
		line, err := l.line()
		if err != nil {
			return crash.Record{}, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		r, err := l.record(line)
		if err != nil {
			return crash.Record{}, item("line", l.number, err)
		}
		return r, nil
	}
}

// line reads the next line, which is valid until the next call.
func (l *lines) line() ([]byte, error) {
	l.number++
	var whole []byte
	for {
		part, err := l.r.ReadSlice('\n')
		whole = append(whole, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(whole) <= maxLine:
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, l.skip()
		case err != nil && (!errors.Is(err, io.EOF) || len(whole) == 0):
			return nil, err
		}
		return whole, nil
	}
}

// skip reads to the end of a line that is too long.
func (l *lines) skip() error {
	for {
		if _, err := l.r.ReadSlice('\n'); err == nil || errors.Is(err, io.EOF) {
			return item("line", l.number, fmt.Errorf("longer than %d bytes", maxLine))
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
