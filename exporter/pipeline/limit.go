package pipeline

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit bounds how many crashes the files of one user may make. Core
// directories are often writable by everybody, and a core is easily forged; the
// limit keeps one user from drowning everybody else's crashes. Nothing is lost
// by it: what is over the limit is counted later.
type Limit struct {
	// Rate is the number of crashes a second in the long run, Burst how many
	// may come at once. A Rate of 0 means no limit.
	Rate  float64
	Burst int
}

// maxUsers bounds the users whose rate is remembered.
const maxUsers = 4096

// limiter keeps a bucket of tokens for each of the users seen last. The
// superuser has no limit: whoever is root need not forge cores.
type limiter struct {
	limit Limit

	mu      sync.Mutex
	buckets map[uint32]*list.Element
	recent  *list.List // of *bucket, most recent first
}

type bucket struct {
	uid    uint32
	tokens *rate.Limiter
}

func newLimiter(l Limit) *limiter {
	return &limiter{limit: l, buckets: make(map[uint32]*list.Element), recent: list.New()}
}

// allow takes a token of a user; false means over the limit.
func (l *limiter) allow(uid uint32, now time.Time) bool {
	return l.limited(uid, func(b *rate.Limiter) bool { return b.AllowN(now, 1) })
}

// ready reports whether a user has a token, without taking it.
func (l *limiter) ready(uid uint32, now time.Time) bool {
	return l.limited(uid, func(b *rate.Limiter) bool { return b.TokensAt(now) >= 1 })
}

func (l *limiter) limited(uid uint32, ask func(*rate.Limiter) bool) bool {
	if l.limit.Rate <= 0 || uid == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.buckets[uid]
	if !ok {
		e = l.recent.PushFront(&bucket{uid, rate.NewLimiter(rate.Limit(l.limit.Rate), max(1, l.limit.Burst))})
		l.buckets[uid] = e
		if l.recent.Len() > maxUsers {
			oldest := l.recent.Remove(l.recent.Back()).(*bucket)
			delete(l.buckets, oldest.uid)
		}
	}
	l.recent.MoveToFront(e)
	return ask(e.Value.(*bucket).tokens)
}
