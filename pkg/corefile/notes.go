package corefile

import (
	"bytes"
	"errors"
)

// Note types (include/uapi/linux/elf.h).
const (
	ntPRStatus = 1
	ntPRPSInfo = 3
	ntAuxv     = 6
	ntSigInfo  = 0x53494749
	ntFile     = 0x46494c45
)

const (
	noteHead   = 12      // Elf_Nhdr: n_namesz, n_descsz, n_type
	noteSeek   = 4 << 10 // read ahead when hopping from header to header
	noteRead   = 16 << 10
	maxNoteNum = 1 << 20
	maxAuxv    = 8 << 10 // 512 pairs; the kernel writes about 25
)

// noteSet is what the notes say.
type noteSet struct {
	identity []Note // the first of each kind that makes a crash unique
	status   []byte // pr_status of the crashing thread, as chosen so far
	cursig   int    // its pr_cursig
	siginfo  []byte // the first after status
	threads  int
	counted  bool // threads is the whole number
	files    []MappedFile
	hasFiles bool
	allFiles bool
	kernel   bool // NT_PRSTATUS came first, as the kernel writes it
	gdb      bool // a note named GDB, or NT_PRPSINFO first
	fpregs   bool // NT_PRFPREG was seen
	cut      bool // the input ended within the notes
	broken   int64
}

// walker goes from note to note of one PT_NOTE.
type walker struct {
	w        *window
	h        *header
	l        *layout
	t        *table
	set      *noteSet
	pos, end int64
	budget   int64 // bytes that may still be walked
	// starts are the places of the first three NT_PRSTATUS of this PT_NOTE,
	// of seen in all.
	starts [3]int64
	seen   int
	// arena is where the content of notes is kept.
	arena []byte
}

// note is the head of a note; desc starts at descAt.
type note struct {
	typ    uint32
	name   string
	at     int64
	descAt int64
	size   int64
	next   int64
}

// readAll walks the notes of every PT_NOTE. An error ends it; what was read by
// then is in the set.
func (k *walker) readAll(segments []phdr, opt Options) error {
	k.set.counted, k.set.broken = true, -1
	k.budget = opt.MaxNotes
	for _, p := range segments {
		k.pos, k.end, k.seen = p.offset, p.offset+int64(p.filesz), 0
		err := k.walk()
		if err == nil {
			continue
		}
		if k.set.status == nil {
			return asError(err, k.pos)
		}
		k.set.counted = false
		if !errors.Is(err, errBehind) && !errors.Is(err, errLimit) {
			return err
		}
	}
	return nil
}

// walk visits the notes until the end, the budget, or a shortcut.
func (k *walker) walk() error {
	for i := 0; k.pos+noteHead <= k.end; i++ {
		if i >= maxNoteNum || k.budget <= 0 {
			k.set.counted = false
			return nil
		}
		n, ok, err := k.head(k.pos)
		if err != nil {
			return err
		}
		if !ok {
			k.set.counted = false
			return nil
		}
		if err := k.visit(n); err != nil {
			return err
		}
		k.budget -= n.next - k.pos
		k.pos = n.next
		if err := k.stride(); err != nil {
			return err
		}
	}
	return nil
}

// ahead is how much to read at once: little when only headers matter.
func (k *walker) ahead() int {
	if k.set.kernel && k.set.threads > 1 {
		return int(min(noteSeek, k.end-k.pos))
	}
	if k.set.threads > 4 { // gdb puts what we look for behind all threads
		return int(min(windowSize, k.end-k.pos))
	}
	return int(min(noteRead, k.end-k.pos))
}

// head reads a note's head; ok is false when the notes end or break there.
func (k *walker) head(at int64) (n note, ok bool, err error) {
	b, err := k.w.peek(at, noteHead+8, k.ahead())
	if err != nil {
		return note{}, false, err
	}
	if len(b) < noteHead {
		k.set.cut = true
		return note{}, false, nil
	}
	namesz, descsz := int64(k.h.order.Uint32(b)), int64(k.h.order.Uint32(b[4:]))
	n = note{typ: k.h.order.Uint32(b[8:]), at: at, size: descsz}
	n.descAt = at + noteHead + (namesz+3)&^3
	n.next = n.descAt + (descsz+3)&^3
	if n.descAt+descsz > k.end {
		k.set.broken = at
		return note{}, false, nil
	}
	if namesz <= 8 && noteHead+namesz <= int64(len(b)) {
		n.name = noteName(b[noteHead : noteHead+namesz])
	}
	return n, true, nil
}

// noteName returns a known name without allocating.
func noteName(b []byte) string {
	switch string(bytes.TrimRight(b, "\x00")) {
	case "CORE":
		return "CORE"
	case "LINUX":
		return "LINUX"
	case "GDB":
		return "GDB"
	}
	return ""
}

// visit keeps what the note says.
func (k *walker) visit(n note) error {
	if n.name == "GDB" {
		k.set.gdb = true
	}
	if n.name != "CORE" {
		return nil
	}
	switch n.typ {
	case ntPRStatus:
		return k.status(n)
	case ntPRPSInfo:
		k.set.gdb = k.set.gdb || k.set.threads == 0
		_, err := k.identify(n, maxStatus)
		return err
	case ntSigInfo:
		return k.siginfo(n)
	case ntAuxv:
		_, err := k.identify(n, maxAuxv)
		return err
	case ntFile:
		return k.files(n)
	case 2:
		k.set.fpregs = true
	}
	return nil
}

// desc reads a note's content, nil when it is longer than limit or cut.
func (k *walker) desc(n note, limit int64) ([]byte, error) {
	if n.size > limit {
		return nil, nil
	}
	b, err := k.w.peek(n.descAt, int(n.size), k.ahead())
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < n.size {
		k.set.cut = true
		return nil, nil
	}
	return b, nil
}

// identify keeps the first note of its type for the identity, and returns its
// content; nil for a later one.
func (k *walker) identify(n note, limit int64) ([]byte, error) {
	for _, have := range k.set.identity {
		if have.Type == n.typ {
			return nil, nil
		}
	}
	b, err := k.desc(n, limit)
	if b == nil || err != nil {
		return nil, err
	}
	b = k.keep(b)
	if k.set.identity == nil {
		k.set.identity = make([]Note, 0, 4)
	}
	k.set.identity = append(k.set.identity, Note{Name: n.name, Type: n.typ, Desc: b})
	return b, nil
}

// status counts a thread and decides whether it is the crashing one: the first
// of a kernel core; of others the first that a signal was delivered to.
func (k *walker) status(n note) error {
	s := k.set
	s.threads++
	if k.seen++; k.seen <= len(k.starts) {
		k.starts[k.seen-1] = n.at
	}
	if s.threads == 1 {
		s.kernel = len(s.identity) == 0
	}
	if s.status != nil && (s.kernel || s.cursig != 0) {
		return nil
	}
	b, err := k.kept(n)
	if err != nil || len(b) < k.statusSize() {
		return err
	}
	cursig := int(k.h.order.Uint16(b[prCursig:]))
	if s.status != nil && cursig == 0 {
		return nil
	}
	s.status, s.cursig, s.siginfo = b, cursig, nil
	return nil
}

// statusSize is how long elf_prstatus is up to the end of the registers.
func (k *walker) statusSize() int {
	if k.h.class == 1 {
		return prRegs32 + k.l.size(4)
	}
	return prRegs64 + k.l.size(8)
}

// siginfo keeps the signal information of the crashing thread: the first after
// its registers, in the files of kernel and gcore alike.
func (k *walker) siginfo(n note) error {
	if k.set.siginfo != nil {
		return nil
	}
	b, err := k.kept(n)
	if err == nil && k.set.status != nil {
		k.set.siginfo = b
	}
	return err
}

// kept returns a copy of a note's content, which is also kept for the identity
// when it is the first of its type.
func (k *walker) kept(n note) ([]byte, error) {
	b, err := k.identify(n, maxStatus)
	if b != nil || err != nil {
		return b, err
	}
	b, err = k.desc(n, maxStatus)
	return k.keep(b), err
}

// keep copies a note's content; the usual four share one allocation.
func (k *walker) keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	if cap(k.arena)-len(k.arena) < len(b) {
		k.arena = make([]byte, 0, max(len(b), 1152)) // 336+136+128+368 on x86-64, and some room
	}
	at := len(k.arena)
	k.arena = append(k.arena, b...)
	return k.arena[at:len(k.arena):len(k.arena)]
}
