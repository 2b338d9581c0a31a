package importer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Kept says what an archive did with a batch.
type Kept struct {
	Added, Duplicates int
	Refused           []error
}

// Sink takes batches in; what it returns without an error is on disk.
type Sink func(ctx context.Context, records []crash.Record) (Kept, error)

// Counts are what became of the items of a source.
type Counts struct {
	Items      int `json:"items"` // all that were read, with those that were skipped
	Skipped    int `json:"skipped"`
	Other      int `json:"other"` // no crashes
	Bad        int `json:"bad"`
	Sent       int `json:"sent"`
	Added      int `json:"added"`
	Duplicates int `json:"duplicates"`
	Refused    int `json:"refused"`
}

// Run describes one import.
type Run struct {
	Source Source
	Sink   Sink
	Batch  int // records of a batch; 0 is DefaultBatch
	Skip   int // items that an earlier run has done
	// Failed is told of every item that is not imported; it may be nil.
	Failed func(error)
	// Done is told the counts after each batch that is on disk; it may be nil.
	Done func(Counts) error
}

// DefaultBatch is the number of records of a batch.
const DefaultBatch = 2000

// Do reads the source to its end and sends what it holds. An error ends it; what
// was counted until then is on disk.
func (r Run) Do(ctx context.Context) (Counts, error) {
	if r.Batch == 0 {
		r.Batch = DefaultBatch
	}
	var done, c Counts // done is c as of the last batch on disk
	batch := make([]crash.Record, 0, r.Batch)
	flush := func() error {
		if err := r.send(ctx, batch, &c); err != nil {
			return err
		}
		batch, done = batch[:0], c
		if r.Done != nil {
			return r.Done(done)
		}
		return nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		record, err := r.Source.Next()
		if errors.Is(err, io.EOF) {
			err := flush()
			return done, err
		}
		if err != nil && !errors.Is(err, ErrItem) {
			return done, err
		}
		c.Items++
		switch {
		case c.Items <= r.Skip:
			c.Skipped++
			continue
		case errors.Is(err, ErrOther):
			c.Other++
			continue
		case err != nil:
			c.Bad++
			r.tell(err)
			continue
		}
		if batch = append(batch, record); len(batch) == r.Batch {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
}

func (r Run) send(ctx context.Context, batch []crash.Record, c *Counts) error {
	if len(batch) == 0 {
		return nil
	}
	kept, err := r.Sink(ctx, batch)
	if err != nil {
		return fmt.Errorf("after %d items: %w", c.Items-len(batch), err)
	}
	c.Sent += len(batch)
	c.Added += kept.Added
	c.Duplicates += kept.Duplicates
	c.Refused += len(kept.Refused)
	for _, err := range kept.Refused {
		r.tell(err)
	}
	return nil
}

func (r Run) tell(err error) {
	if r.Failed != nil {
		r.Failed(err)
	}
}
