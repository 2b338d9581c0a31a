package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Logs takes crashes that logs tell of to their count. Such a crash is held for
// a while, because its core says more, and because other logs may tell of it
// too; only when no core comes is it counted from the logs. Should the core come
// later still, it is recognised. It is a [logsource.Sink].
type Logs struct {
	// Hold is how long to wait for the core (default 1m). While the core is
	// being written the crash is held on.
	Hold     time.Duration
	Machine  annotate.Machine
	Services annotate.Services
	// Origins name containers and units by cgroup; nil for nobody to ask.
	Origins *annotate.Origins
	Filters *annotate.Filters
	Commit  func(context.Context, spool.Entry, Told) (Outcome, error)
	// Journal is true when systemd-coredump's entries in the journal are read
	// as they come.
	Journal bool
	// Evidence takes every line; nil for nobody.
	Evidence func(logsource.Line)
	Observer LogObserver
	Logger   *slog.Logger
	// NewFeed is called when a feed is read for the first time, so that its
	// place becomes durable: a next first time would begin at its end. nil for
	// nobody.
	NewFeed func()
	// Growing reports whether a core of this crash is being written.
	Growing func(*crash.Record) bool

	mu    sync.Mutex
	held  []*held // in the order in which they came
	feeds map[string]logsource.Position
	room  chan struct{} // closed when there may be room again
	ended bool
}

// LogObserver is told what becomes of crashes that logs tell of.
type LogObserver interface {
	// LogCrash counts one: "counted" from the log, or "joined" to what was
	// counted from its core or another log.
	LogCrash(source crash.Source, result string)
	// LogTrouble counts one of logsource.Troubles.
	LogTrouble(source crash.Source, what string)
	// LogHeld reports the number of crashes that wait for their cores.
	LogHeld(n int)
}

// held is a crash that waits for its core.
type held struct {
	id     crash.ID
	event  logsource.Event
	record crash.Record // of this sighting alone
	seen   sighting
	until  time.Time
}

// maxHeld bounds the crashes that wait for their cores. When there are as many,
// the oldest half waits no longer, and logs are read on when there is room.
const maxHeld = 4096

var _ logsource.Sink = (*Logs)(nil)

// Line implements [logsource.Sink].
func (l *Logs) Line(line logsource.Line) {
	if l.Evidence != nil {
		l.Evidence(line)
	}
}

// Trouble implements [logsource.Sink].
func (l *Logs) Trouble(source crash.Source, what string) { l.Observer.LogTrouble(source, what) }

// Moved implements [logsource.Sink].
func (l *Logs) Moved(feed string, p logsource.Position) {
	if l.move(feed, p) && l.NewFeed != nil {
		l.NewFeed()
	}
}

// move notes how far a feed was read and reports whether that is new.
func (l *Logs) move(feed string, p logsource.Position) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.feeds == nil {
		l.feeds = make(map[string]logsource.Position)
	}
	_, known := l.feeds[feed]
	l.feeds[feed] = p
	return !known
}

// Continue takes over how far feeds were read by an earlier run, so that those
// that are not read now, for their configuration was taken out, keep their place.
func (l *Logs) Continue(feeds map[string]logsource.Position) {
	for feed, p := range feeds {
		l.move(feed, p)
	}
}

// Feeds returns how far each feed was read, and dealt with: a feed stands at its
// first crash that is still held.
func (l *Logs) Feeds() map[string]logsource.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := make(map[string]logsource.Position, len(l.feeds))
	maps.Copy(at, l.feeds)
	for _, h := range slices.Backward(l.held) {
		if _, followed := l.feeds[h.event.Feed]; followed {
			at[h.event.Feed] = h.event.Before
		}
	}
	return at
}

// Crash implements [logsource.Sink]. Events that are told again are harmless. It
// blocks while too many crashes wait.
func (l *Logs) Crash(e logsource.Event) {
	h := &held{id: l.idOf(&e), event: e, until: time.Now().Add(l.hold())}
	h.record = l.record(h.id, &h.event)
	h.seen = sightingOf(&h.record)
	for {
		l.mu.Lock()
		if l.ended || slices.ContainsFunc(l.held, func(o *held) bool { return o.id == h.id }) {
			l.mu.Unlock()
			return
		}
		if len(l.held) < maxHeld {
			l.held = append(l.held, h)
			l.Observer.LogHeld(len(l.held))
			l.mu.Unlock()
			return
		}
		if l.room == nil {
			l.room = make(chan struct{})
		}
		room := l.room
		l.mu.Unlock()
		<-room
	}
}

func (l *Logs) hold() time.Duration {
	if l.Hold <= 0 {
		return time.Minute
	}
	return l.Hold
}

// drop takes events out of those held. Callers hold the lock.
func (l *Logs) drop(gone []*held) {
	l.held = slices.DeleteFunc(l.held, func(h *held) bool { return slices.Contains(gone, h) })
	l.Observer.LogHeld(len(l.held))
	if l.room != nil && len(l.held) < maxHeld {
		close(l.room)
		l.room = nil
	}
}

// Run counts the crashes whose cores did not come, until ctx is done. Those
// still held then are found again in their logs by the next run.
func (l *Logs) Run(ctx context.Context) {
	tick := time.NewTicker(max(time.Second, l.hold()/10))
	defer tick.Stop()
	full := time.NewTicker(time.Second)
	defer full.Stop()
	defer l.end()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-full.C:
			if !l.full() {
				continue
			}
		}
		for group := l.due(time.Now()); group != nil && ctx.Err() == nil; group = l.due(time.Now()) {
			l.count(ctx, group)
		}
	}
}

// end lets readers go that wait for room.
func (l *Logs) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}

func (l *Logs) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held) >= maxHeld
}

// due returns the next crash that was held long enough, with what other logs
// tell of the same one; nil when there is none.
func (l *Logs) due(now time.Time) []*held {
	l.mu.Lock()
	defer l.mu.Unlock()
	crowded := len(l.held) > maxHeld/2 && l.room != nil
	for _, h := range l.held {
		if now.Before(h.until) && !crowded {
			continue
		}
		if l.Growing != nil && l.Growing(&h.record) {
			h.until = now.Add(l.hold())
			continue
		}
		return l.group(h)
	}
	return nil
}

// group returns an event and, of every other log, the one that is most firmly of
// the same crash. Callers hold the lock.
func (l *Logs) group(first *held) []*held {
	c := counted{Seen: []sighting{first.seen}}
	return append([]*held{first}, l.gather(&c)...)
}

// gather adds to a crash, of every log that has not told of it, the event that
// is most firmly of it. What one log tells can show that another means the same:
// the kernel knows the registers of a core and the pid of the journal. Callers
// hold the lock.
func (l *Logs) gather(c *counted) (found []*held) {
	for {
		var best *held
		firm := apart
		var gap time.Duration
		for _, h := range l.held {
			how, away := c.alike(&h.seen)
			if slices.Contains(c.Joins, h.id) && !c.toldOf(h.seen.Source) {
				how = sameID
			}
			if how > firm || (how == firm && best != nil && away < gap) {
				best, firm, gap = h, how, away
			}
		}
		if best == nil {
			return found
		}
		found = append(found, best)
		c.Seen = append(c.Seen, best.seen)
	}
}

// count makes one crash of a group and counts it, unless it was.
func (l *Logs) count(ctx context.Context, group []*held) {
	first, record := l.together(group)
	var also []Joined
	for _, h := range group {
		if h != first {
			also = append(also, Joined{h.id, h.seen})
		}
	}
	outcome, err := l.Commit(ctx, spool.Entry{Record: &record, Spooled: time.Now().UTC()}, Told{Joined: also})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || outcome == Postponed {
		for _, h := range group {
			h.until = time.Now().Add(l.hold())
		}
		return
	}
	if outcome == Duplicate {
		// The others may be of another crash: they are compared by themselves.
		l.Observer.LogCrash(first.seen.Source, "joined")
		l.drop([]*held{first})
		return
	}
	for _, j := range also {
		l.Observer.LogCrash(j.Source(), "joined")
	}
	l.Observer.LogCrash(first.seen.Source, "counted")
	l.drop(group)
	l.Logger.Info("Counted a crash without a core", "id", record.ID.String(), "class", record.Finding.Class, "kind", record.Finding.Kind,
		"signal", record.Fault.Signal, "executable", record.Process.Executable, "from", record.Source)
}
