package logsource

import (
	"regexp"
	"sync"
	"time"
)

// Recent keeps the newest lines of all logs as evidence.
type Recent struct {
	mu    sync.Mutex
	lines []Line
	next  int
}

const (
	maxRecent  = 2048
	maxKeptLen = 512 // bytes kept of a line
)

// Add keeps a line.
func (r *Recent) Add(l Line) {
	if len(l.Text) > maxKeptLen {
		l.Text = l.Text[:maxKeptLen]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) < maxRecent {
		r.lines = append(r.lines, l)
		return
	}
	r.lines[r.next] = l
	r.next = (r.next + 1) % maxRecent
}

// Seen reports whether a line of a log that matches re lies within the given
// distance of a time. log "" stands for every log.
func (r *Recent) Seen(log string, re *regexp.Regexp, at time.Time, within time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if log != "" && l.Log != log {
			continue
		}
		if l.Time.Sub(at).Abs() <= within && re.MatchString(l.Text) {
			return true
		}
	}
	return false
}
