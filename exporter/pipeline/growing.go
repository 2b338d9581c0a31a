package pipeline

import (
	"slices"
	"sync"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// growing holds the provisional labels of cores that are still being written.
// The dump of a large process takes minutes; its registers are in the first
// 64 KiB, so that what happened is known long before the count. The count waits,
// because the stack, which can change the label and names the caller, comes at
// the end of the file.
type growing struct {
	mu    sync.Mutex
	cores map[string]provisional
}

type provisional struct {
	label Label
	seen  time.Time
}

// Label is a class and kind, with what tells whether a log means the same crash.
type Label struct {
	Class crash.Class
	Kind  crash.Kind
	seen  sighting
	joins []crash.ID
}

// Growing is a class and kind with its number of cores.
type Growing struct {
	Class crash.Class
	Kind  crash.Kind
	Cores int
}

const (
	// maxGrowing bounds the cores whose label is remembered.
	maxGrowing = 256
	// staleAfter is when a core that was not looked at again is forgotten:
	// it was removed while it grew.
	staleAfter = time.Minute
)

// set notes a label and reports whether it is new.
func (g *growing) set(path string, label Label, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	have, known := g.cores[path]
	if !known && len(g.cores) >= maxGrowing {
		return false
	}
	if g.cores == nil {
		g.cores = make(map[string]provisional)
	}
	g.cores[path] = provisional{label, now}
	return !known || have.label.Kind != label.Kind
}

// remove forgets a core.
func (g *growing) remove(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.cores, path)
}

// counts returns the number of growing cores by label.
func (g *growing) counts(now time.Time) []Growing {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := make(map[crash.Kind]int)
	for path, p := range g.cores {
		if now.Sub(p.seen) > staleAfter {
			delete(g.cores, path)
			continue
		}
		n[p.label.Kind]++
	}
	var all []Growing
	for kind, cores := range n {
		all = append(all, Growing{kind.Class(), kind, cores})
	}
	return all
}

// has reports whether a core of the crash that a log tells of is being written.
func (g *growing) has(r *crash.Record, now time.Time) bool {
	s := sightingOf(r)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.cores {
		if now.Sub(p.seen) <= staleAfter && (slices.Contains(p.label.joins, r.ID) || s.alike(&p.label.seen) > apart) {
			return true
		}
	}
	return false
}
