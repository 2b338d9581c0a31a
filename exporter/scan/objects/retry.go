package objects

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Retry says how often and with which pauses something is tried.
type Retry struct {
	// Attempts in all (default 8).
	Attempts int
	// First is the first pause (default 250ms); each is twice the last, at
	// most Longest (default 30s), and spread over the whole of it, so that
	// many workers don't come back at once.
	First, Longest time.Duration
	// Timeout of one attempt (default 30s).
	Timeout time.Duration
	// Waiting is told of every pause; nil for nobody.
	Waiting func(reason Reason, pause time.Duration)
}

func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 8
	}
	if r.First <= 0 {
		r.First = 250 * time.Millisecond
	}
	if r.Longest <= 0 {
		r.Longest = 30 * time.Second
	}
	if r.Timeout <= 0 {
		r.Timeout = 30 * time.Second
	}
	if r.Waiting == nil {
		r.Waiting = func(Reason, time.Duration) {}
	}
	return r
}

// do calls f until it succeeds or trying is of no use. The error is an *Error.
func (r Retry) do(ctx context.Context, op, url string, f func(context.Context) error) error {
	for n := 1; ; n++ {
		err := r.attempt(ctx, f)
		if err == nil {
			return nil
		}
		reason, again := reasonOf(err)
		if !again || n >= r.Attempts || ctx.Err() != nil {
			return &Error{Op: op, URL: url, Reason: reason, Attempts: n, Err: err}
		}
		pause := r.pause(n, err)
		r.Waiting(reason, pause)
		select {
		case <-ctx.Done():
			return &Error{Op: op, URL: url, Reason: reason, Attempts: n, Err: errors.Join(ctx.Err(), err)}
		case <-time.After(pause):
		}
	}
}

func (r Retry) attempt(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	return f(ctx)
}

// pause is how long to wait after the nth attempt: as long as the store asks
// for, at least.
func (r Retry) pause(n int, err error) time.Duration {
	longest := min(r.First<<min(n-1, 20), r.Longest)
	if longest <= 0 {
		longest = r.Longest
	}
	pause := longest/4 + rand.N(longest) //nolint:gosec // spreads load, keeps no secret
	if s, ok := errors.AsType[*statusError](err); ok {
		pause = max(pause, min(s.after, r.Longest))
	}
	return pause
}
