package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/scan/objects"
)

// Config is one scan.
type Config struct {
	Stores  []objects.Store
	Filter  Filter
	Shard   Shard
	Workers int // default 16
	Reader  *Reader
	Sink    Sink
	State   *State // nil to remember nothing
	Tally   *Tally
}

// listAhead is how many objects a listing may be ahead of the reading, so that
// the time left is known; they take about 20 MB.
const listAhead = 50_000

// job is an object on its way to a worker.
type job struct {
	store  objects.Store
	object objects.Object
}

// Run lists, reads and hands on until everything is done. The error says what
// ended it early; objects that could not be read are in the tally instead.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Workers <= 0 {
		cfg.Workers = 16
	}
	if cfg.Tally == nil {
		cfg.Tally = NewTally()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan job, listAhead)
	results := make(chan *Result, 2*cfg.Workers)
	go func() {
		defer close(jobs)
		if err := cfg.list(ctx, jobs); err != nil {
			cancel(err)
		}
	}()
	var workers sync.WaitGroup
	for range cfg.Workers {
		workers.Go(func() { cfg.work(ctx, jobs, results) })
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	cfg.collect(ctx, cancel, results)
	if err := cfg.flush(ctx); err != nil {
		cancel(err)
	}
	return context.Cause(ctx)
}

// lastFlush is how long the end of an interrupted scan may take.
const lastFlush = 5 * time.Second

// flush hands the rest on. A scan that is interrupted does so too, for a while:
// what arrives need not be read again.
func (c *Config) flush(ctx context.Context) error {
	if ctx.Err() == nil {
		return c.Sink.Flush(ctx)
	}
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		return nil // the sink itself failed, or the listing
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	return c.Sink.Flush(ctx)
}

// list sends the wanted objects of every store.
func (c *Config) list(ctx context.Context, jobs chan<- job) error {
	for _, store := range c.Stores {
		err := store.List(ctx, func(o objects.Object) error { return c.offer(ctx, job{store, o}, jobs) }, c.Tally.unlisted)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("list: %w", err)
	}
	c.Tally.change(func(t *Totals) { t.ListedAll = true })
	return nil
}

func (c *Config) offer(ctx context.Context, j job, jobs chan<- job) error {
	o := &j.object
	switch {
	case !c.Filter.wants(o):
		c.Tally.change(func(t *Totals) { t.Listed++; t.Skipped++ })
		return nil
	case !c.Shard.Has(o.URL):
		c.Tally.change(func(t *Totals) { t.Listed++; t.OtherShard++ })
		return nil
	case c.State.Knows(o):
		c.Tally.change(func(t *Totals) { t.Listed++; t.Known++ })
		return nil
	}
	c.Tally.change(func(t *Totals) { t.Listed++; t.Wanted++; t.WantedBytes += o.Size })
	select {
	case jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Config) work(ctx context.Context, jobs <-chan job, results chan<- *Result) {
	for j := range jobs {
		r := c.Reader.Read(ctx, j.store, j.object)
		if ctx.Err() != nil {
			return // what was read may be half
		}
		select {
		case results <- &r:
		case <-ctx.Done():
			return
		}
	}
}

// collect counts results and hands them on.
func (c *Config) collect(ctx context.Context, cancel context.CancelCauseFunc, results <-chan *Result) {
	for r := range results {
		if ctx.Err() != nil {
			continue // the workers stop by themselves
		}
		c.Tally.add(r)
		if r.Hole {
			continue // not done: it is read again by the next scan
		}
		if err := c.Sink.Put(ctx, r); err != nil && !errors.Is(err, context.Canceled) {
			cancel(err)
		}
	}
}
