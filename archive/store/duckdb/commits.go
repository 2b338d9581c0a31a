package duckdb

import (
	"context"
	"sync"

	"github.com/epicurve/epicurve/archive/store"
)

// commitRows is the number of rows at which a transaction takes no further
// batches, so that the first one in it does not wait for ever.
const commitRows = 20_000

// batch is what one caller appends, and what became of it.
type batch[T any] struct {
	ctx     context.Context
	rows    []T
	done    store.Appended
	err     error
	settled bool // guarded by the store's writing lock
}

// commits collects the batches that wait for the writer: whoever gets it next
// commits all of them in one transaction, which costs one write to the disk.
type commits[T any] struct {
	mu     sync.Mutex
	queue  []*batch[T]
	commit func(context.Context, []*batch[T]) error // sets done of each
}

// append commits rows, alone or together with what others append meanwhile, and
// returns when they are on disk.
func (g *commits[T]) append(ctx context.Context, writing *sync.Mutex, rows []T) (store.Appended, error) {
	b := &batch[T]{ctx: ctx, rows: rows}
	g.mu.Lock()
	g.queue = append(g.queue, b)
	g.mu.Unlock()
	writing.Lock()
	defer writing.Unlock()
	for !b.settled {
		g.settle(g.take())
	}
	return b.done, b.err
}

// take returns the batches of the next transaction, in the order of arrival.
func (g *commits[T]) take() []*batch[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, rows := 0, 0
	for n < len(g.queue) && (n == 0 || rows+len(g.queue[n].rows) <= commitRows) {
		rows += len(g.queue[n].rows)
		n++
	}
	taken := append([]*batch[T](nil), g.queue[:n]...)
	rest := copy(g.queue, g.queue[n:])
	clear(g.queue[rest:])
	g.queue = g.queue[:rest]
	return taken
}

// settle commits batches together. When that fails it commits each alone, so
// that one bad batch does no harm to the others.
func (g *commits[T]) settle(taken []*batch[T]) {
	live := taken[:0:0]
	for _, b := range taken {
		b.settled = true
		if b.err = b.ctx.Err(); b.err == nil {
			live = append(live, b)
		}
	}
	// The caller that leaves must not break off what others wait for.
	if len(live) > 1 && g.commit(context.WithoutCancel(live[0].ctx), live) == nil {
		return
	}
	for _, b := range live {
		if b.err = g.commit(b.ctx, []*batch[T]{b}); b.err != nil {
			b.done = store.Appended{}
		}
	}
}
