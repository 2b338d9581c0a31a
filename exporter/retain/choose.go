package retain

import (
	"cmp"
	"slices"
	"time"
)

// Why a core is deleted.
const (
	ReasonAge   = "age"   // older than MaxAge
	ReasonBytes = "bytes" // the directory's cores take more than MaxBytes
	ReasonFree  = "free"  // the filesystem has less than MinFree
	// ReasonResumed is that of a core that was renamed to be deleted, by a
	// process that was killed before it could.
	ReasonResumed = "resumed"
)

// Reasons lists why cores are deleted.
func Reasons() []string { return []string{ReasonAge, ReasonBytes, ReasonFree, ReasonResumed} }

// age is the time since the last write. A time in the future is that of a clock
// that was wrong, or of somebody who wants to keep the file: the last change of
// its attributes, which nobody can set, stands for it.
func (c core) age(now time.Time) time.Duration {
	if c.written.After(now) {
		return now.Sub(time.Unix(0, c.id.Change))
	}
	return now.Sub(c.written)
}

// oldest sorts cores by age, the oldest first.
func oldest(cores []core, now time.Time) {
	slices.SortStableFunc(cores, func(a, b core) int { return cmp.Compare(b.age(now), a.age(now)) })
}

// toFree chooses cores until enough space would be free. The user whose cores
// take most space loses the oldest first, so that nobody pushes out the cores of
// others with cores of his own. The newest of all stays: it is what somebody
// will want to look at.
func toFree(cores []core, need int64, now time.Time) []core {
	if need <= 0 || len(cores) < 2 {
		return nil
	}
	cores = slices.Clone(cores)
	oldest(cores, now)
	cores = cores[:len(cores)-1]
	owned := make(map[uint32][]core) // oldest first
	space := make(map[uint32]int64)
	for _, c := range cores {
		owned[c.uid] = append(owned[c.uid], c)
		space[c.uid] += c.space
	}
	var chosen []core
	for need > 0 && len(owned) > 0 {
		uid := largest(space)
		c := owned[uid][0]
		chosen = append(chosen, c)
		need -= c.space
		space[uid] -= c.space
		if owned[uid] = owned[uid][1:]; len(owned[uid]) == 0 {
			delete(owned, uid)
			delete(space, uid)
		}
	}
	return chosen
}

// largest returns the user with most space, the smallest id of several.
func largest(space map[uint32]int64) uint32 {
	var uid uint32
	most := int64(-1)
	for u, n := range space {
		if n > most || (n == most && u < uid) {
			uid, most = u, n
		}
	}
	return uid
}
