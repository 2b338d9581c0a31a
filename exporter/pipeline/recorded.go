package pipeline

import (
	"context"

	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// question asks whether a crash is on record.
type question struct {
	record *crash.Record
	answer chan bool
}

// Recorded reports whether a crash was counted and its record is on disk.
func (c *Committer) Recorded(ctx context.Context, r *crash.Record) (bool, error) {
	q := question{r, make(chan bool, 1)}
	select {
	case c.questions <- q:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return <-q.answer, nil // a question that was taken is answered
}

func (c *Committer) recorded(r *crash.Record) bool {
	for _, e := range c.waiting { // counted, but in memory only
		if e.Record != nil && e.Record.ID == r.ID {
			return false
		}
	}
	return c.fold.known(r)
}

// Examined is what a second look at a core says.
type Examined struct {
	// Key is the state of the file that was read.
	Key watch.Key
	ID  crash.ID
	// Recorded is true when the file is a complete core of a crash whose
	// record is on disk. Writing is true when somebody has it open for that.
	Recorded, Writing bool
}

// Examine reads a file anew and reports whether nothing would be lost with it.
// It counts nothing.
func (p *Pipeline) Examine(ctx context.Context, f watch.File) (Examined, error) {
	file, err := watch.Open(f.Path)
	if err != nil {
		return Examined{}, err
	}
	writing := watch.WritersOf(file) == watch.WritersSome
	if err := file.Close(); err != nil {
		return Examined{}, err
	}
	reading := p.reader.Read(ctx, f)
	e := Examined{Key: reading.Key, Writing: writing}
	if !reading.Complete || reading.Limited || reading.Record == nil {
		return e, ctx.Err()
	}
	e.ID = reading.Record.ID
	e.Recorded, err = p.committer.Recorded(ctx, reading.Record)
	return e, err
}
