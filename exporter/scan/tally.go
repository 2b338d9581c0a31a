package scan

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Tally is what a scan has done so far.
type Tally struct {
	mu sync.Mutex
	t  Totals
	// unread are objects without a whole core, and why; bounded.
	unread []Unread
}

// Totals are the counts of a scan.
type Totals struct {
	Listed, Skipped, Known, OtherShard int // objects: all, filtered out, done before, of other shards
	ListedAll                          bool
	Wanted, Done                       int   // to be read, read
	WantedBytes, DoneSize, Taken       int64 // bytes of those to be read, of those read, and taken from the store
	Requests, Retries                  int
	Records, Suppressed                int
	Holes                              int // objects whose content is unknown
	Started                            time.Time

	Classes, Kinds, Hosts, Reasons map[string]int
}

// Unread is an object that gave no record, or one of a broken core.
type Unread struct {
	URL    string `json:"url"`
	Reason string `json:"reason"`
	Hole   bool   `json:"hole,omitempty"`
	Error  string `json:"error"`
}

// Bounds of what is kept in memory for the summary.
const (
	maxUnread = 10_000
	maxHosts  = 10_000
)

// NewTally returns an empty tally.
func NewTally() *Tally {
	return &Tally{t: Totals{
		Started: time.Now(), Classes: map[string]int{}, Kinds: map[string]int{}, Hosts: map[string]int{}, Reasons: map[string]int{},
	}}
}

func (t *Tally) change(f func(*Totals)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.t)
}

// Now returns a copy of the counts.
func (t *Tally) Now() Totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.t
	c.Classes, c.Kinds, c.Hosts, c.Reasons = maps.Clone(c.Classes), maps.Clone(c.Kinds), maps.Clone(c.Hosts), maps.Clone(c.Reasons)
	return c
}

// Unread returns the objects that gave no whole core, at most the first 10,000.
func (t *Tally) Unread() []Unread {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.unread)
}

// Retried counts a request that had to be repeated.
func (t *Tally) Retried() { t.change(func(c *Totals) { c.Retries++ }) }

func (t *Tally) add(r *Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &t.t
	c.Done++
	c.DoneSize += r.Object.Size
	c.Taken += r.Bytes
	c.Requests += r.Requests
	c.Records += len(r.Records)
	for i := range r.Records {
		f := &r.Records[i].Finding
		c.Classes[string(f.Class)]++
		c.Kinds[string(f.Kind)]++
		host := cmp.Or(r.Records[i].Host.Name, "(unknown)")
		if _, known := c.Hosts[host]; !known && len(c.Hosts) >= maxHosts {
			host = "(others)"
		}
		c.Hosts[host]++
		if f.SuppressedBy != "" {
			c.Suppressed++
		}
	}
	if r.Reason == "" {
		return
	}
	c.Reasons[r.Reason]++
	if r.Hole {
		c.Holes++
	}
	t.note(Unread{r.Object.URL, r.Reason, r.Hole, errorText(r.Err)})
}

// unlisted counts what could not even be listed.
func (t *Tally) unlisted(url string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.t.Holes++
	t.t.Reasons["unlisted"]++
	t.note(Unread{url, "unlisted", true, errorText(err)})
}

func (t *Tally) note(u Unread) {
	if len(t.unread) < maxUnread {
		t.unread = append(t.unread, u)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
