package clickhouse

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/epicurve/epicurve/archive/store"
)

// errClosed is returned to those who add to a store that was closed.
var errClosed = errors.New("the store is closed")

// committer gathers what several callers add at the same time into one insert:
// ClickHouse takes few large inserts far better than many small ones. There is
// one insert at a time, so that each sees what the one before has added.
type committer[T any] struct {
	commit func(context.Context, [][]T) ([]store.Appended, error)
	pause  time.Duration

	mu      sync.Mutex
	waiting []*addition[T]
	running bool
	closed  bool
	last    time.Time // end of the last insert
	done    sync.WaitGroup
}

// addition is what one caller adds.
type addition[T any] struct {
	ctx      context.Context
	items    []T
	result   store.Appended
	err      error
	finished chan struct{}
}

// Bounds of a gathered insert: enough that it doesn't wait for more, and the most
// that is taken at once (one caller's items are never divided).
const (
	enough = 2000
	most   = 20_000
)

func newCommitter[T any](commit func(context.Context, [][]T) ([]store.Appended, error), pause time.Duration) *committer[T] {
	return &committer[T]{commit: commit, pause: pause}
}

// add returns when the items were committed, or when ctx ends; then it is open
// whether they were, and adding them again is harmless.
func (c *committer[T]) add(ctx context.Context, items []T) (store.Appended, error) {
	if err := ctx.Err(); err != nil || len(items) == 0 {
		return store.Appended{}, err
	}
	a := &addition[T]{ctx: ctx, items: items, finished: make(chan struct{})}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return store.Appended{}, errClosed
	}
	c.waiting = append(c.waiting, a)
	if !c.running {
		c.running = true
		c.done.Go(c.run)
	}
	c.mu.Unlock()
	select {
	case <-a.finished:
		return a.result, a.err
	case <-ctx.Done():
		return store.Appended{}, ctx.Err()
	}
}

// close waits until everything that was added is committed.
func (c *committer[T]) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.done.Wait()
}

// run commits until nothing waits.
func (c *committer[T]) run() {
	for {
		c.rest()
		batch := c.take()
		if batch == nil {
			return
		}
		parts := make([][]T, len(batch))
		for i, a := range batch {
			parts[i] = a.items
		}
		results, err := c.commit(context.WithoutCancel(batch[0].ctx), parts)
		for i, a := range batch {
			if a.err = err; err == nil {
				a.result = results[i]
			}
			close(a.finished)
		}
		c.mu.Lock()
		c.last = time.Now()
		c.mu.Unlock()
	}
}

// rest waits for more to come when there is little, no longer than pause after
// the last insert.
func (c *committer[T]) rest() {
	c.mu.Lock()
	n := 0
	for _, a := range c.waiting {
		n += len(a.items)
	}
	wait := c.pause - time.Since(c.last)
	if c.closed || n >= enough {
		wait = 0
	}
	c.mu.Unlock()
	if wait > 0 {
		time.Sleep(wait)
	}
}

// take returns what waits, up to most items, without those whose callers have
// gone; nil ends the run.
func (c *committer[T]) take() (batch []*addition[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for len(c.waiting) > 0 {
		a := c.waiting[0]
		if len(batch) > 0 && n+len(a.items) > most {
			return batch
		}
		c.waiting = c.waiting[1:]
		if a.ctx.Err() != nil {
			a.err = a.ctx.Err()
			close(a.finished)
			continue
		}
		batch = append(batch, a)
		n += len(a.items)
	}
	if batch == nil {
		c.running = false
	}
	return batch
}
