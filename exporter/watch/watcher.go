package watch

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// File is a path that is worth reading.
type File struct {
	Path string
	// Key is the file's state when it was handed out; the handler opens the
	// file itself and must not trust that it is still the same.
	Key Key
	// Noticed is when the watcher first saw the path.
	Noticed time.Time
	// Still is for how long the file has not changed; Quiet is true when
	// that is the settle time or longer.
	Still time.Duration
	Quiet bool
}

// Verdict is what a handler says of a file.
type Verdict int

// The verdicts.
const (
	// Again: not complete yet; ask again soon.
	Again Verdict = iota
	// Done: this state of the file needs no further look.
	Done
	// Later: not now; ask again after the next rescan.
	Later
)

// maxPending bounds the files that wait at a time. What a directory holds beyond
// is found by a later rescan, so that a flood of planted files costs time, not
// memory.
const maxPending = 1 << 15

// Handler reads a file. It is called by several workers, never twice at the
// same time for one path. The key it returns is that of the state that it has
// read. A handler that says Again of a quiet file is asked once a settle time.
type Handler func(ctx context.Context, f File) (Verdict, Key)

// Watcher watches directories. Make one with [New].
type Watcher struct {
	cfg     Config
	handle  Handler
	src     source
	dirs    map[string]*directory
	pending *pending
	ready   []*entry
	skipped bool // files were passed over because too many wait

	mu   sync.Mutex
	done map[Key]struct{} // states that need no further look

	work    chan job
	results chan result
	wake    chan struct{}
}

type job struct {
	e    *entry
	file File
}

type result struct {
	e       *entry
	verdict Verdict
	key     Key
}

// New returns a watcher that calls handle for every file of the directories.
// seen are states of files that were dealt with by an earlier run.
func New(cfg Config, seen []Key, handle Handler) *Watcher {
	w := &Watcher{
		cfg:     cfg.withDefaults(),
		handle:  handle,
		dirs:    make(map[string]*directory),
		pending: newPending(),
		done:    make(map[Key]struct{}, len(seen)),
		wake:    make(chan struct{}, 1),
	}
	for _, k := range seen {
		w.done[k] = struct{}{}
	}
	return w
}

// Done returns the states of files that need no further look, to be given to
// New after a restart. It may be called at any time.
func (w *Watcher) Done() []Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := make([]Key, 0, len(w.done))
	for k := range w.done {
		keys = append(keys, k)
	}
	return keys
}

// Rescan asks for a scan of every directory now.
func (w *Watcher) Rescan() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run watches until ctx is done, then waits for the handlers that are at work.
func (w *Watcher) Run(ctx context.Context) {
	src, err := w.cfg.open()
	if err != nil {
		// Without inotify the rescans still find everything, only later.
		w.cfg.Logger.Error("Cannot watch, polling instead", "err", err, "every", w.cfg.Poll)
		src = silent{}
	}
	w.src = src
	defer src.Close()

	w.work, w.results = make(chan job), make(chan result)
	var workers sync.WaitGroup
	for range w.cfg.Workers {
		workers.Go(func() { w.worker(ctx) })
	}
	go func() { workers.Wait(); close(w.results) }()

	w.loop(ctx)

	close(w.work)
	for r := range w.results {
		w.settle(r)
	}
}

func (w *Watcher) loop(ctx context.Context) {
	rescan := time.NewTicker(w.cfg.Rescan)
	defer rescan.Stop()
	poll := time.NewTicker(w.cfg.Poll)
	defer poll.Stop()
	due := time.NewTimer(0)
	defer due.Stop()

	w.refresh(allDirs)
	for {
		w.makeReady(time.Now())
		w.cfg.Observer.PendingFiles(len(w.pending.byPath))
		if at, ok := w.pending.next(); ok {
			due.Reset(time.Until(at))
		} else {
			due.Stop()
		}
		var work chan<- job
		var next job
		if len(w.ready) > 0 {
			work, next = w.work, w.jobFor(w.ready[0])
		}
		select {
		case <-ctx.Done():
			return
		case ev := <-w.src.Hints():
			w.hint(ev)
		case err := <-w.src.Errors():
			w.sourceError(err)
		case r := <-w.results:
			w.settle(r)
		case work <- next:
			w.ready[0] = nil
			w.ready = w.ready[1:]
		case <-due.C:
		case <-rescan.C:
			w.refresh(allDirs)
		case <-poll.C:
			w.refresh(polledDirs)
		case <-w.wake:
			w.refresh(allDirs)
		}
	}
}

func (w *Watcher) worker(ctx context.Context) {
	for j := range w.work {
		verdict, key := w.handle(ctx, j.file)
		w.results <- result{j.e, verdict, key}
	}
}

// notice puts a path on the pending list, to be looked at soon.
func (w *Watcher) notice(path string, now time.Time) {
	e, known := w.pending.byPath[path]
	if !known && len(w.pending.byPath) >= maxPending {
		w.skipped = true
		return
	}
	if !known {
		e = &entry{path: path, first: now, moved: now, gap: debounce, index: -1}
		w.pending.byPath[path] = e
		w.pending.schedule(e, now.Add(debounce))
		return
	}
	if e.inFlight {
		e.dirty = true
	}
	// An entry in the queue keeps its time: a file that is written without
	// pause would otherwise never be looked at.
}

// makeReady looks at every entry that is due and readies those worth reading.
func (w *Watcher) makeReady(now time.Time) {
	for e := w.pending.pop(now); e != nil; e = w.pending.pop(now) {
		var st unix.Stat_t
		if err := unix.Lstat(e.path, &st); err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				w.cfg.Logger.Warn("Cannot look at file", "file", e.path, "err", err)
			}
			w.pending.remove(e)
			continue
		}
		key := keyOf(&st)
		if w.isDone(key) || w.refused(e.path, key, st.Mode) {
			w.pending.remove(e)
			continue
		}
		w.observe(e, key, now)
		w.ready = append(w.ready, e)
		e.inFlight = true
	}
}
