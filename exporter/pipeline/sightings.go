package pipeline

import (
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Joined is a sighting of a crash that is, or is to be, counted from another.
type Joined struct {
	ID   crash.ID
	seen sighting
}

// Source is what told of the crash.
func (j Joined) Source() crash.Source { return j.seen.Source }

// Told is what is known beside the record of a crash.
type Told struct {
	// Joined are further sightings, which are counted with it.
	Joined []Joined
	// HostIDs is true when the record's process and thread are those of the
	// initial pid namespace.
	HostIDs bool
}

// counted is a crash that was counted lately.
type counted struct {
	ID    crash.ID   `json:"id"`
	Joins []crash.ID `json:"joins,omitempty"` // by which the kernel log knows it
	Seen  []sighting `json:"seen"`            // one of each source that told of it
	Added time.Time  `json:"added"`
}

// alike says how firmly a sighting is of this crash.
func (c *counted) alike(s *sighting) (firm int, gap time.Duration) {
	for i := range c.Seen {
		how, away := s.alike(&c.Seen[i]), c.Seen[i].Time.Sub(s.Time).Abs()
		switch {
		case how == never:
			return never, 0
		case how > firm || (how == firm && away < gap):
			firm, gap = how, away
		}
	}
	return firm, gap
}

func (c *counted) toldOf(source crash.Source) bool {
	return slices.ContainsFunc(c.Seen, func(s sighting) bool { return s.Source == source })
}

// sightings remembers the crashes that were counted lately, so that what a
// second or third source tells of one of them is not counted again. Each source
// is joined to a crash once: two crashes of one program at the same time that
// two sources tell of stay two.
type sightings struct {
	ring []*counted
	next int
	byID map[int64][]*counted
	byPC map[uint64][]*counted
	bySP map[uint64][]*counted
	name map[string][]*counted
}

const (
	// maxSightings bounds the crashes that are remembered so.
	maxSightings = 8192
	// maxLookedAt bounds the candidates of one look, the newest first.
	maxLookedAt = 256
	// keptSightings is how long a checkpoint keeps them. Later only what
	// identifies a crash whatever the time still joins it (see seen).
	keptSightings = 30 * time.Minute
)

func newSightings() *sightings {
	return &sightings{
		byID: make(map[int64][]*counted), byPC: make(map[uint64][]*counted), bySP: make(map[uint64][]*counted), name: make(map[string][]*counted),
	}
}

func (t *sightings) add(c *counted) {
	if len(t.ring) < maxSightings {
		t.ring = append(t.ring, c)
	} else {
		for i := range t.ring[t.next].Seen {
			t.index(t.ring[t.next], &t.ring[t.next].Seen[i], remove)
		}
		t.ring[t.next] = c
		t.next = (t.next + 1) % len(t.ring)
	}
	for i := range c.Seen {
		t.index(c, &c.Seen[i], insert)
	}
}

// also notes that another source told of a crash.
func (t *sightings) also(c *counted, s sighting) {
	c.Seen = append(c.Seen, s)
	t.index(c, &s, insert)
}

func insert(list []*counted, c *counted) []*counted {
	if slices.Contains(list[max(0, len(list)-2):], c) {
		return list // by another sighting of the same crash
	}
	return append(list, c)
}

func remove(list []*counted, c *counted) []*counted {
	return slices.DeleteFunc(list, func(have *counted) bool { return have == c })
}

// index changes every list in which one sighting of a crash is to be looked up.
func (t *sightings) index(c *counted, s *sighting, change func([]*counted, *counted) []*counted) {
	for _, id := range s.ids() {
		put(t.byID, id, change(t.byID[id], c))
	}
	if s.PC.Known && s.PC.Value != 0 {
		put(t.byPC, s.PC.Value, change(t.byPC[s.PC.Value], c))
	}
	if s.SP.Known && s.SP.Value != 0 {
		put(t.bySP, s.SP.Value, change(t.bySP[s.SP.Value], c))
	}
	for _, name := range s.Names {
		put(t.name, name, change(t.name[name], c))
	}
}

func put[K comparable](m map[K][]*counted, key K, list []*counted) {
	if len(list) == 0 {
		delete(m, key)
		return
	}
	m[key] = list
}

// find returns the crash that a sighting is of, nil for none: the one that it is
// most firmly alike, and of those the nearest in time, among the crashes that its
// source has not told of yet.
func (t *sightings) find(s *sighting) *counted {
	var best *counted
	firm := apart
	var gap time.Duration
	for _, list := range t.candidates(s) {
		for i, c := range slices.Backward(list) {
			if len(list)-i > maxLookedAt {
				break
			}
			how, away := c.alike(s)
			if how > firm || (how == firm && best != nil && away < gap) {
				best, firm, gap = c, how, away
			}
		}
	}
	return best
}

func (t *sightings) candidates(s *sighting) [][]*counted {
	var lists [][]*counted
	for _, id := range s.ids() {
		lists = append(lists, t.byID[id])
	}
	if s.PC.Known {
		lists = append(lists, t.byPC[s.PC.Value])
	}
	if s.SP.Known {
		lists = append(lists, t.bySP[s.SP.Value])
	}
	for _, name := range s.Names {
		lists = append(lists, t.name[name])
	}
	return lists
}

// of returns the crash with an id, nil when it was not counted lately.
func (t *sightings) of(id crash.ID) *counted {
	for _, c := range slices.Backward(t.ring) {
		if c.ID == id || slices.Contains(c.Joins, id) {
			return c
		}
	}
	return nil
}

// lately returns the crashes for a checkpoint, oldest first.
func (t *sightings) lately(now time.Time) []counted {
	var all []counted
	for i := range t.ring {
		if c := t.ring[(t.next+i)%len(t.ring)]; now.Sub(c.Added) < keptSightings {
			all = append(all, *c)
		}
	}
	return all
}
