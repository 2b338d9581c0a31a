package pipeline

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// maxSeen bounds the ids that are remembered. The states of files that are
// still there are remembered besides (see watch), so an id is needed for as
// long as its core may come back under another name or state.
const maxSeen = 1 << 17

// seen is the set of the newest ids.
type seen struct {
	ids  map[crash.ID]struct{}
	ring []crash.ID // in order of arrival, from next on
	next int
}

func newSeen() *seen { return &seen{ids: make(map[crash.ID]struct{})} }

func (s *seen) has(id crash.ID) bool {
	_, ok := s.ids[id]
	return ok
}

// add remembers an id and forgets the oldest when there are too many.
func (s *seen) add(id crash.ID) {
	if s.has(id) {
		return
	}
	s.ids[id] = struct{}{}
	if len(s.ring) < maxSeen {
		s.ring = append(s.ring, id)
		return
	}
	delete(s.ids, s.ring[s.next])
	s.ring[s.next] = id
	s.next = (s.next + 1) % len(s.ring)
}

// bytes returns the ids, oldest first, 16 bytes each.
func (s *seen) bytes() []byte {
	b := make([]byte, 0, len(s.ring)*len(crash.ID{}))
	for i := range s.ring {
		id := s.ring[(s.next+i)%len(s.ring)]
		b = append(b, id[:]...)
	}
	return b
}

func (s *seen) load(b []byte) error {
	const size = len(crash.ID{})
	if len(b)%size != 0 {
		return fmt.Errorf("ids of a checkpoint: %d bytes are not a multiple of %d", len(b), size)
	}
	for ; len(b) > 0; b = b[size:] {
		s.add(crash.ID(b[:size]))
	}
	return nil
}
