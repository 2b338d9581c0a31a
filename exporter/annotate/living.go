package annotate

import (
	"os"
	"strconv"
	"sync"
	"time"
)

// living remembers the processes of this machine that are in a container or a
// unit, so that one that ended before anybody looked is known all the same.
type living struct {
	mu        sync.Mutex              // held while /proc is read, which takes a while on a large host
	processes map[int64]livingProcess // by pid
	round     int64
}

type livingProcess struct {
	process
	round int64     // in which it was last there
	seen  time.Time // when that was
}

const (
	// maxLiving bounds the processes that are remembered.
	maxLiving = 1 << 15
	// rereadEvery is after how many rounds a process is read anew, in case
	// another has its pid: one of so many in each round.
	rereadEvery = 20
)

// refresh lists the processes and reads those that are new, some 40 µs each.
func (l *living) refresh(roots Roots, now time.Time) {
	dir, err := os.Open(roots.Proc)
	if err != nil {
		return
	}
	defer dir.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.round++
	if l.processes == nil {
		l.processes = make(map[int64]livingProcess)
	}
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if pid, err := strconv.ParseInt(name, 10, 64); err == nil {
				l.note(roots, pid, now)
			}
		}
		if err != nil || len(names) == 0 {
			break
		}
	}
	for pid, p := range l.processes {
		if now.Sub(p.seen) > keepFor {
			delete(l.processes, pid)
		}
	}
}

func (l *living) note(roots Roots, pid int64, now time.Time) {
	have, known := l.processes[pid]
	fresh := known && have.round == l.round-1 && (pid+l.round)%rereadEvery != 0
	if !fresh {
		p, ending, _, ok := readProcess(roots, pid)
		if !ok || ending || (!known && len(l.processes) >= maxLiving) {
			return
		}
		have = livingProcess{process: p}
	}
	have.round, have.seen = l.round, now
	l.processes[pid] = have
}

// ended returns a process that was there at the last refresh, or not long before,
// and is not any more. Of one that still runs there is no core, whatever a file
// says.
func (l *living) ended(roots Roots, pid int64) (process, bool) {
	l.mu.Lock()
	p, known := l.processes[pid]
	l.mu.Unlock()
	if !known {
		return process{}, false
	}
	now, ending, _, there := readProcess(roots, pid)
	if there && !ending && now.comm == p.comm && now.inner == p.inner {
		return process{}, false
	}
	return p.process, true
}
