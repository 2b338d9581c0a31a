package pipeline

import (
	"sync"
	"time"
)

// quiet keeps a flood of planted files from becoming a flood of log lines: each
// key may speak a few times a minute, then only its count is told.
type quiet struct {
	mu     sync.Mutex
	minute time.Time
	said   map[string]int
}

// maxLines is how often a key may speak a minute.
const maxLines = 10

// speak reports whether to log, and how many lines of the key were swallowed in
// the minute before, which is told once.
func (q *quiet) speak(key string, now time.Time) (ok bool, swallowed int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.minute) >= time.Minute {
		swallowed = max(0, q.said[key]-maxLines)
		q.minute, q.said = now, make(map[string]int)
	}
	q.said[key]++
	return q.said[key] <= maxLines, swallowed
}
