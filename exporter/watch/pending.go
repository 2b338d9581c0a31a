package watch

import (
	"container/heap"
	"time"
)

// entry is one path on its way to the handler. It is owned by the watcher's
// goroutine.
type entry struct {
	path  string
	key   Key       // as last seen
	first time.Time // when it was noticed
	moved time.Time // when the key last changed
	due   time.Time // when to look next
	gap   time.Duration
	index int // in the heap, -1 while ready or in a worker's hands

	found    bool // the observer was told
	inFlight bool
	dirty    bool // changed while in flight
}

// pending holds the entries by path and in the order in which they are due.
type pending struct {
	byPath map[string]*entry
	queue  dueQueue
}

func newPending() *pending { return &pending{byPath: make(map[string]*entry)} }

// schedule puts an entry into the queue, or moves it there.
func (p *pending) schedule(e *entry, due time.Time) {
	e.due = due
	if e.index >= 0 {
		heap.Fix(&p.queue, e.index)
		return
	}
	heap.Push(&p.queue, e)
}

// next returns when the first entry is due.
func (p *pending) next() (time.Time, bool) {
	if len(p.queue) == 0 {
		return time.Time{}, false
	}
	return p.queue[0].due, true
}

// pop takes the first entry that is due at now.
func (p *pending) pop(now time.Time) *entry {
	if len(p.queue) == 0 || p.queue[0].due.After(now) {
		return nil
	}
	return heap.Pop(&p.queue).(*entry)
}

func (p *pending) remove(e *entry) {
	if e.index >= 0 {
		heap.Remove(&p.queue, e.index)
	}
	delete(p.byPath, e.path)
}

// dueQueue is a heap of entries by due time.
type dueQueue []*entry

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *dueQueue) Push(x any) {
	e := x.(*entry)
	e.index = len(*q)
	*q = append(*q, e)
}

func (q *dueQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	e.index = -1
	return e
}
