package logsource

import (
	"regexp"
	"sync"
	"time"
)

// Wanted are lines that some filter may ask for.
type Wanted struct {
	Log  string // of which log; "" for any
	Line *regexp.Regexp
}

// Recent keeps the newest lines of all logs as evidence. It keeps only what is
// wanted, so that a log that is written without pause does not push out the line
// that matters; with Wanted nil it keeps everything.
type Recent struct {
	Wanted []Wanted

	mu    sync.Mutex
	lines []Line
	next  int
}

const (
	maxRecent  = 2048
	maxKeptLen = 512 // bytes kept of a line
)

// Add keeps a line that is wanted.
func (r *Recent) Add(l Line) {
	if r.Wanted != nil && !wanted(r.Wanted, l) {
		return
	}
	if l.Undated {
		if t, ok := lineTime(l.Text, l.Time); ok {
			l.Time = t
		}
	}
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

func wanted(all []Wanted, l Line) bool {
	for _, w := range all {
		if (w.Log == "" || w.Log == l.Log) && w.Line.MatchString(l.Text) {
			return true
		}
	}
	return false
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
