package scan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/scan/objects"
	"github.com/epicurve/epicurve/exporter/ship"
	"github.com/epicurve/epicurve/exporter/spool"
)

// Archive is a sink that ships records as the watcher does. Of records that
// wait it holds a few thousand; then Put blocks.
type Archive struct {
	done   Done
	patch  time.Duration
	logger *slog.Logger

	mu      sync.Mutex
	queue   []waiting
	seq     uint64
	wake    chan struct{}
	moved   chan struct{} // closed and made anew when the queue got shorter
	refused int
	sent    int
	failing time.Time // since when nothing gets through; zero while it does
	last    string
	err     error
	stop    context.CancelFunc
	ended   chan struct{}
}

// waiting is a record on its way; last is set on the last one of an object.
type waiting struct {
	entry  spool.Entry
	object objects.Object
	last   bool
}

const maxWaiting = 4000

// NewArchive starts shipping. After patience without any success it gives up.
func NewArchive(client *ship.Client, done Done, patience time.Duration, logger *slog.Logger) *Archive {
	ctx, stop := context.WithCancel(context.Background())
	a := &Archive{
		done: done, patch: patience, logger: logger, wake: make(chan struct{}, 1), moved: make(chan struct{}),
		stop: stop, ended: make(chan struct{}),
	}
	s := ship.New(client, (*outbox)(a), (*observer)(a), logger)
	go func() {
		defer close(a.ended)
		s.Run(ctx)
	}()
	return a
}

// Put implements [Sink].
func (a *Archive) Put(ctx context.Context, r *Result) error {
	if err := a.wait(ctx, maxWaiting); err != nil {
		return err
	}
	if len(r.Records) == 0 {
		return a.done([]objects.Object{r.Object})
	}
	a.mu.Lock()
	for i := range r.Records {
		a.seq++
		a.queue = append(a.queue, waiting{
			entry:  spool.Entry{Seq: a.seq, Spooled: time.Now().UTC(), Record: &r.Records[i]},
			object: r.Object, last: i == len(r.Records)-1,
		})
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return nil
}

// Flush implements [Sink].
func (a *Archive) Flush(ctx context.Context) error { return a.wait(ctx, 1) }

// wait returns when fewer than n records wait.
func (a *Archive) wait(ctx context.Context, n int) error {
	for {
		a.mu.Lock()
		length, err, moved := len(a.queue), a.err, a.moved
		a.mu.Unlock()
		if err != nil || length < n {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

// Close ends the shipping; what waits is lost, and read again by the next scan.
func (a *Archive) Close() {
	a.stop()
	<-a.ended
}

// Refused returns how many records the archive will never take.
func (a *Archive) Refused() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused
}

// outbox is the archive as the shipper sees it.
type outbox Archive

// Wake implements ship.Outbox.
func (o *outbox) Wake() <-chan struct{} { return o.wake }

// Batch implements ship.Outbox.
func (o *outbox) Batch(maxEntries int, _ int64) ([]spool.Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(maxEntries, len(o.queue))
	batch := make([]spool.Entry, n)
	for i := range batch {
		batch[i] = o.queue[i].entry
	}
	return batch, nil
}

// Shipped implements ship.Outbox.
func (o *outbox) Shipped(seq uint64) error {
	var done []objects.Object
	o.mu.Lock()
	n := 0
	for ; n < len(o.queue) && o.queue[n].entry.Seq <= seq; n++ {
		if o.queue[n].last {
			done = append(done, o.queue[n].object)
		}
	}
	o.queue = append(o.queue[:0], o.queue[n:]...)
	close(o.moved)
	o.moved = make(chan struct{})
	o.mu.Unlock()
	if err := o.done(done); err != nil {
		o.fail(err)
	}
	return nil
}

// Refuse implements ship.Outbox. The shipper has logged each record already.
func (o *outbox) Refuse([]byte) error { return nil }

func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
		close(o.moved)
		o.moved = make(chan struct{})
	}
}

// observer is the archive as the shipper reports to it.
type observer Archive

// Requested implements ship.Observer.
func (o *observer) Requested(result string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if result == "ok" || result == "refused" {
		o.failing = time.Time{}
		return
	}
	if o.last = result; o.failing.IsZero() {
		o.failing = time.Now()
	}
	if time.Since(o.failing) >= o.patch && o.err == nil {
		o.err = fmt.Errorf("the archive took nothing for %s (%s); the log has the reason: %w", o.patch, result, errNoArchive)
		close(o.moved)
		o.moved = make(chan struct{})
	}
}

var errNoArchive = errors.New("gave up")

// Shipped implements ship.Observer.
func (o *observer) Shipped(committed, refused int, _ time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent += committed
	o.refused += refused
}

// Skew implements ship.Observer: a scan tells nobody the time.
func (o *observer) Skew(time.Duration) {}
