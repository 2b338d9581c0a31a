package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/epicurve/epicurve/archive/access"
)

// burstSeconds is how many seconds' worth of requests a token may send at once:
// a dashboard asks all its panels at the same time.
const burstSeconds = 5

// limits bounds the requests of each token.
type limits struct {
	perSecond float64 // of a token that has no rate of its own; 0 is without limit

	mu sync.Mutex
	by map[string]*rate.Limiter // by the token's name
}

// take counts one request and returns how long to wait when it is one too many,
// else 0. Requests without a token are not counted.
func (l *limits) take(who access.Identity, now time.Time) (wait time.Duration) {
	perSecond := who.Rate
	if perSecond == 0 {
		perSecond = l.perSecond
	}
	if perSecond <= 0 || who.Name == "" {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.by[who.Name]
	if limiter == nil {
		if l.by == nil {
			l.by = make(map[string]*rate.Limiter)
		}
		limiter = rate.NewLimiter(rate.Limit(perSecond), max(1, int(burstSeconds*perSecond)))
		l.by[who.Name] = limiter
	}
	r := limiter.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}
