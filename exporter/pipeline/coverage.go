package pipeline

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/crash"
)

// SlotLength is the length of one slot of exposure; slots begin at whole
// multiples of it, UTC.
const SlotLength = 5 * time.Minute

// coverageTick is the time between two looks. Time that passed unseen between
// two looks, as of a machine that slept, is a gap.
const coverageTick = 15 * time.Second

// Coverage keeps account of the time in which a crash would have been counted:
// the denominator of every rate. It makes one exposure a slot.
type Coverage struct {
	// Blank returns the exposure of this host as it is now, without times.
	Blank func() crash.Exposure
	// Covering reports whether a crash that happened now would be counted.
	Covering func() bool
	// Limited reports whether crashes wait because their user made too many;
	// nil for never.
	Limited func() bool
	// Builds tells which builds of the watched services run now.
	Builds func() []crash.ExposedBuild
	// Commit makes an entry durable.
	Commit func(context.Context, spool.Entry) (Outcome, error)
	Logger *slog.Logger

	unwritten []crash.Exposure // of slots that are over, oldest first; of Run's goroutine

	mu   sync.Mutex
	slot Slot
	last time.Time // of the last look
}

// Slot is a slot under way; a checkpoint keeps it.
type Slot struct {
	Start   time.Time            `json:"start"`
	Covered time.Duration        `json:"covered"`
	Limited time.Duration        `json:"limited,omitempty"` // of the covered time
	Builds  []crash.ExposedBuild `json:"builds,omitempty"`
}

// Slot returns the slot under way.
func (c *Coverage) Slot() Slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slot
	s.Builds = slices.Clone(s.Builds)
	return s
}

// Run keeps account until ctx is done. It goes on with the slot of an earlier
// run; the time between the runs is a gap.
func (c *Coverage) Run(ctx context.Context, earlier Slot) {
	c.mu.Lock()
	c.slot = earlier
	c.mu.Unlock()
	c.look(ctx, time.Now())
	tick := time.NewTicker(coverageTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			c.account(time.Now())
			return
		case <-tick.C:
			c.look(ctx, time.Now())
		}
	}
}

// maxUnwritten bounds the slots that wait for the spool: those of a day.
const maxUnwritten = 288

// look accounts for the time since the last look and commits what is finished;
// what the spool does not take is tried again at the next look.
func (c *Coverage) look(ctx context.Context, now time.Time) {
	for _, s := range c.account(now) {
		c.unwritten = append(c.unwritten, c.exposure(s))
	}
	if over := len(c.unwritten) - maxUnwritten; over > 0 {
		c.Logger.Error("Slots of exposure are lost, because the spool has not been writable for a day", "slots", over)
		c.unwritten = c.unwritten[over:]
	}
	for len(c.unwritten) > 0 {
		e := c.unwritten[0]
		outcome, err := c.Commit(ctx, spool.Entry{Exposure: &e, Spooled: now.UTC()})
		if err != nil || outcome == Postponed {
			c.Logger.Warn("A slot of exposure is not recorded yet", "slot", e.Start, "waiting", len(c.unwritten), "err", err)
			return
		}
		c.unwritten = c.unwritten[1:]
	}
}

// account adds the time since the last look to the slots that it fell into, and
// returns those that are over.
func (c *Coverage) account(now time.Time) []Slot {
	covering := c.Covering()
	limited := c.Limited != nil && c.Limited()
	var builds []crash.ExposedBuild
	if covering {
		builds = c.Builds()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	from := c.last
	if from.IsZero() || now.Sub(from) > 2*coverageTick || !covering {
		from = now // a gap
	}
	c.last = now
	var over []Slot
	for wall := from.UTC(); ; {
		start := wall.Truncate(SlotLength)
		if !c.slot.Start.Equal(start) {
			if !c.slot.Start.IsZero() && c.slot.Start.Before(start) {
				over = append(over, c.slot)
			}
			c.slot = Slot{Start: start}
		}
		next := start.Add(SlotLength)
		if next.After(now) {
			c.slot.add(now.Sub(wall), limited, builds)
			return over
		}
		c.slot.add(next.Sub(wall), limited, builds)
		wall = next
	}
}

// add adds covered time, in which the builds ran and crashes had to wait or not.
func (s *Slot) add(d time.Duration, limited bool, builds []crash.ExposedBuild) {
	d = min(max(0, d), SlotLength-s.Covered)
	if d == 0 {
		return
	}
	s.Covered += d
	if limited {
		s.Limited += d
	}
	for _, b := range builds {
		i := slices.IndexFunc(s.Builds, func(have crash.ExposedBuild) bool {
			have.Running = 0
			return have == b
		})
		if i < 0 {
			i = len(s.Builds)
			s.Builds = append(s.Builds, b)
		}
		s.Builds[i].Running += d
	}
}

// exposure makes the record of a slot that is over.
func (c *Coverage) exposure(s Slot) crash.Exposure {
	e := c.Blank()
	e.Start, e.Length, e.Covered, e.Limited, e.Builds = s.Start, SlotLength, s.Covered, s.Limited, s.Builds
	slices.SortFunc(e.Builds, func(a, b crash.ExposedBuild) int {
		return strings.Compare(a.ServiceName+"\x00"+a.ServiceVersion+"\x00"+a.BuildID, b.ServiceName+"\x00"+b.ServiceVersion+"\x00"+b.BuildID)
	})
	return e
}
