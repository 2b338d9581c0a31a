package scan

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/epicurve/epicurve/exporter/scan/objects"
)

// Sink takes results. Its methods are called by one goroutine.
type Sink interface {
	// Put takes what one object gave; it blocks while there is no room.
	Put(ctx context.Context, r *Result) error
	// Flush returns when everything that was put is where it belongs.
	Flush(ctx context.Context) error
}

// Done is told which objects are dealt with for good.
type Done func([]objects.Object) error

// Lines is a sink that prints one JSON object a record, in the form that the
// archive takes as JSON lines.
type Lines struct {
	out  *bufio.Writer
	done Done
	held []objects.Object
	last time.Time // of a flush
}

// NewLines returns a sink that prints to w.
func NewLines(w io.Writer, done Done) *Lines {
	return &Lines{out: bufio.NewWriterSize(w, 256<<10), done: done}
}

// Lines are flushed, and their objects noted as done, at the latest after so
// many objects or so long, when another one comes.
const (
	maxHeldLines = 1000
	maxHeldTime  = 500 * time.Millisecond
)

// Put implements [Sink].
func (l *Lines) Put(ctx context.Context, r *Result) error {
	for i := range r.Records {
		line, err := json.Marshal(r.Records[i])
		if err != nil {
			return fmt.Errorf("%s: %w", r.Object.URL, err)
		}
		if _, err := l.out.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("write records: %w", err)
		}
	}
	if l.held = append(l.held, r.Object); len(l.held) >= maxHeldLines || time.Since(l.last) >= maxHeldTime {
		return l.Flush(ctx)
	}
	return nil
}

// Flush implements [Sink].
func (l *Lines) Flush(context.Context) error {
	if err := l.out.Flush(); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	err := l.done(l.held)
	l.held, l.last = l.held[:0], time.Now()
	return err
}

// Nothing is a sink for a dry run.
type Nothing struct{}

// Put implements [Sink].
func (Nothing) Put(context.Context, *Result) error { return nil }

// Flush implements [Sink].
func (Nothing) Flush(context.Context) error { return nil }
