package pipeline

import (
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

// Label is a class and kind.
type Label struct {
	Class crash.Class
	Kind  crash.Kind
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
	return !known || have.label != label
}

func (g *growing) remove(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.cores, path)
}

// counts returns the number of growing cores by label.
func (g *growing) counts(now time.Time) map[Label]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := make(map[Label]int)
	for path, p := range g.cores {
		if now.Sub(p.seen) > staleAfter {
			delete(g.cores, path)
			continue
		}
		n[p.label]++
	}
	return n
}
