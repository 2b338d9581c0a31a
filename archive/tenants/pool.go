// Package tenants keeps the tenants of an archive apart: each has a store of its
// own, which is opened when its first request comes and closed when others need
// its place. What is open is bounded, because every open store costs memory.
package tenants

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrBusy is returned when as many tenants as may be open are all in use.
var ErrBusy = errors.New("too many tenants are in use at the same time")

// ErrClosed is returned after the pool was closed.
var ErrClosed = errors.New("the archive is closing its tenants")

// Config is what a Pool needs.
type Config[T any] struct {
	// Open opens a tenant, and Close closes it.
	Open  func(ctx context.Context, name string) (T, error)
	Close func(T) error
	// Max is the largest number of tenants that are open at the same time.
	Max int
	// Patience is how long a use waits for a place when all are taken.
	Patience time.Duration
}

// Pool opens tenants when they are used. It is safe for concurrent use.
type Pool[T any] struct {
	config Config[T]

	mu     sync.Mutex
	open   map[string]*place[T]
	clock  int64         // counts uses, to find the tenant that was not used for longest
	freed  chan struct{} // closed, and made anew, when a use ends
	closed bool
}

// place is one tenant that is open, being opened, or being closed.
type place[T any] struct {
	value T
	err   error
	uses  int
	last  int64
	ready chan struct{} // closed when value or err is set
	gone  chan struct{} // closed when it is closed; nil while it is not closing
}

// New returns a pool in which nothing is open.
func New[T any](c Config[T]) *Pool[T] {
	return &Pool[T]{config: c, open: make(map[string]*place[T]), freed: make(chan struct{})}
}

// Use returns a tenant, opened if need be. It stays open until done is called.
func (p *Pool[T]) Use(ctx context.Context, name string) (value T, done func(), err error) {
	var patience <-chan time.Time
	for {
		at, mine, wait, err := p.claim(name)
		switch {
		case errors.Is(err, ErrBusy):
			if patience == nil {
				timer := time.NewTimer(p.config.Patience)
				defer timer.Stop()
				patience = timer.C
			}
			select {
			case <-wait:
			case <-patience:
				return value, nil, err
			case <-ctx.Done():
				return value, nil, ctx.Err()
			}
			continue
		case err != nil:
			return value, nil, err
		case wait != nil:
			if err := until(ctx, wait); err != nil {
				return value, nil, err
			}
			continue
		case mine:
			// The opening goes on when its first caller leaves: others wait for it.
			at.value, at.err = p.config.Open(context.WithoutCancel(ctx), name)
			if at.err != nil {
				p.forget(name, at)
			}
			close(at.ready)
		}
		if err := until(ctx, at.ready); err != nil {
			p.release(at)
			return value, nil, err
		}
		if at.err != nil {
			return value, nil, fmt.Errorf("tenant %s: %w", name, at.err)
		}
		return at.value, sync.OnceFunc(func() { p.release(at) }), nil
	}
}

// claim counts one use of a tenant. mine says that the caller must open it; wait
// is what has to end before it can be claimed, also beside ErrBusy.
func (p *Pool[T]) claim(name string) (at *place[T], mine bool, wait <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, nil, ErrClosed
	}
	if at = p.open[name]; at == nil {
		if len(p.open) >= p.config.Max {
			wait, err := p.makeRoom()
			return nil, false, wait, err
		}
		at, mine = &place[T]{ready: make(chan struct{})}, true
		p.open[name] = at
	}
	if at.gone != nil {
		return nil, false, at.gone, nil
	}
	at.uses++
	p.clock++
	at.last = p.clock
	return at, mine, nil, nil
}

// makeRoom begins to close the tenant that was not used for longest. The caller
// holds the lock.
func (p *Pool[T]) makeRoom() (wait <-chan struct{}, err error) {
	var oldest *place[T]
	name := ""
	for n, at := range p.open {
		if at.gone != nil {
			return at.gone, nil
		}
		if at.uses == 0 && (oldest == nil || at.last < oldest.last) {
			oldest, name = at, n
		}
	}
	if oldest == nil {
		return p.freed, ErrBusy
	}
	oldest.gone = make(chan struct{})
	go func() {
		// A store that fails to close has committed all the same; the next
		// opening says what is wrong with it.
		p.config.Close(oldest.value) //nolint:errcheck // as said
		p.forget(name, oldest)
		close(oldest.gone)
	}()
	return oldest.gone, nil
}

func (p *Pool[T]) release(at *place[T]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.uses--; at.uses == 0 {
		close(p.freed)
		p.freed = make(chan struct{})
	}
}

func (p *Pool[T]) forget(name string, at *place[T]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[name] == at {
		delete(p.open, name)
	}
}

// Open counts the tenants that are open.
func (p *Pool[T]) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Close closes every tenant; none may be in use any more.
func (p *Pool[T]) Close() error {
	p.mu.Lock()
	p.closed = true
	open := p.open
	p.open = make(map[string]*place[T])
	p.mu.Unlock()
	var errs []error
	for name, at := range open {
		<-at.ready
		if at.gone != nil {
			<-at.gone
			continue
		}
		if at.err == nil {
			if err := p.config.Close(at.value); err != nil {
				errs = append(errs, fmt.Errorf("tenant %s: %w", name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func until(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
