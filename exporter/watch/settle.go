package watch

import "time"

// observe notes whether the file moved since the last look. Of a file seen for
// the first time, the last write is the modification time, if that is past.
func (w *Watcher) observe(e *entry, key Key, now time.Time) {
	switch {
	case !e.found:
		e.found = true
		if written := key.ModTime(); written.Before(e.moved) {
			e.moved = written
		}
		w.cfg.Observer.FileFound()
	case key != e.key:
		e.moved = now
	}
	e.key = key
}

// refused reports whether a path is no regular file, and counts it once.
func (w *Watcher) refused(path string, key Key, mode uint32) bool {
	reason := irregular(mode)
	if reason == "" {
		return false
	}
	w.markDone(key)
	if reason != "directory" {
		w.cfg.Observer.FileRefused(reason)
		w.cfg.Logger.Warn("Refused a path that is no regular file", "file", path, "type", reason)
	}
	return true
}

func (w *Watcher) jobFor(e *entry) job {
	still := max(0, time.Since(e.moved))
	return job{e, File{Path: e.path, Key: e.key, Noticed: e.first, Still: still, Quiet: still >= w.cfg.Settle}}
}

// settle deals with a handler's verdict.
func (w *Watcher) settle(r result) {
	e, now := r.e, time.Now()
	e.inFlight = false
	switch r.verdict {
	case Later:
		w.pending.remove(e)
	case Done:
		w.markDone(r.key)
		if w.skipped && len(w.pending.byPath) < maxPending/2 {
			w.skipped = false
			w.Rescan()
		}
		if !e.dirty {
			w.pending.remove(e)
			return
		}
		e.dirty = false // a look decides whether the state is the one just read
		w.pending.schedule(e, now.Add(debounce))
	default:
		e.dirty = false
		due := now.Add(e.gap)
		if quietAt := e.moved.Add(w.cfg.Settle); quietAt.After(now) && quietAt.Before(due) {
			due = quietAt
		}
		if now.Sub(e.moved) >= w.cfg.Settle {
			due = now.Add(w.cfg.Settle)
		}
		e.gap = min(2*e.gap, maxGap)
		w.pending.schedule(e, due)
	}
}

func (w *Watcher) isDone(key Key) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.done[key]
	return ok
}

func (w *Watcher) markDone(key Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[key] = struct{}{}
}
