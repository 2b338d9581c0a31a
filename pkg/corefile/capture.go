package corefile

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
)

// Sizes of what is captured around an address.
const (
	stackBelow = 256     // covers the red zone: 128 bytes below sp on x86-64, 288 on ppc64 partly
	stackSize  = 4 << 10 // the whole stack window
	textAround = 64      // either side of pc
	textBefore = 16      // before a return address: the longest x86 instruction is 15 bytes
	headerPage = 4 << 10 // ELF header, program headers and build id of a module
	maxWanted  = 256     // pieces of one plan
	maxGap     = 8 << 10 // between pieces that are read at once: copying it costs less than another read
)

// piece is a part of the address space to capture: n bytes in the file at off.
type piece struct {
	addr uint64
	off  int64
	n    int
	// page: the piece begins with, or (when kept) holds at base, a module's
	// header page, which is looked at and not kept for its own sake.
	page, kept bool
	base       uint64
}

// plan collects the pieces to read in one go, in file order.
type plan struct {
	m      *memory
	pieces []piece
	c      *capturing
	// limited is how many bytes lay behind the limit of a stream.
	limited int64
}

// want adds the dumped part of [lo, hi) of the segments that hold it.
func (p *plan) want(lo, hi uint64) {
	for range 4 {
		s, ok := p.m.table.from(lo)
		if !ok || s.Start >= hi || len(p.pieces) >= maxWanted {
			return
		}
		from, to := max(lo, s.Start), min(hi, s.Start+s.Dumped)
		if from < to && !p.have(from, int(to-from)) {
			p.pieces = append(p.pieces, piece{addr: from, off: s.Offset + int64(from-s.Start), n: int(to - from), kept: true})
		}
		lo = s.End
	}
}

// wantPage adds the header page of the module at base.
func (p *plan) wantPage(base uint64) {
	s, ok := p.m.table.find(base)
	if !ok || base-s.Start >= s.Dumped || len(p.pieces) >= maxWanted {
		return
	}
	n := min(headerPage, s.Dumped-(base-s.Start))
	p.pieces = append(p.pieces, piece{addr: base, off: s.Offset + int64(base-s.Start), n: int(n), page: true, base: base})
}

// around adds [addr-below, addr+above), cut at the ends of the address space.
func (p *plan) around(addr, below, above uint64) {
	lo, hi := addr-below, addr+above
	if lo > addr {
		lo = 0
	}
	if hi < addr {
		hi = ^uint64(0)
	}
	p.want(lo, hi)
}

// have reports whether a piece is captured or planned already.
func (p *plan) have(addr uint64, n int) bool {
	if _, ok := p.m.Bytes(addr, n); ok {
		return true
	}
	return slices.ContainsFunc(p.pieces, func(q piece) bool {
		return q.kept && addr >= q.addr && addr-q.addr+uint64(n) <= uint64(q.n)
	})
}

// joined returns the pieces in file order, with those that overlap, or touch
// and are kept, made one: a stream passes every byte only once.
func (p *plan) joined() []piece {
	slices.SortFunc(p.pieces, func(a, b piece) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.n, b.n)) })
	out := p.pieces[:0]
	for _, q := range p.pieces {
		if len(out) == 0 || !out[len(out)-1].join(q) {
			out = append(out, q)
		}
	}
	return out
}

// join extends a piece by one that does not begin before it.
func (a *piece) join(b piece) bool {
	gap := b.off - a.off
	reach := int64(a.n)
	if !a.kept || !b.kept {
		reach-- // pages are joined only where they overlap
	}
	if gap > reach || b.addr-a.addr != uint64(gap) || (a.page && b.page && a.base != b.base) {
		return false
	}
	a.n = max(a.n, int(gap)+b.n)
	a.kept = a.kept || b.kept
	if b.page {
		a.page, a.base = true, b.base
	}
	return true
}

// read captures the pieces in file order. A stream that has passed some of
// them is read a second time where it can be; what stays out of reach is left
// unknown. It reports whether the input ended within a piece.
func (p *plan) read(w *window) (cut bool, err error) {
	pieces := p.joined()
	p.pieces = nil
	for again := false; ; again = true {
		var passed []piece
		for i, q := range pieces {
			n, err := p.capture(w, q, together(pieces[i:]))
			switch {
			case errors.Is(err, errBehind):
				passed = append(passed, q)
			case errors.Is(err, errLimit):
				p.limited += int64(q.n)
			case err != nil:
				return cut, err
			case n < q.n:
				cut = true
			}
		}
		if len(passed) == 0 || again || !w.src.rewind() {
			return cut, nil
		}
		pieces = passed
	}
}

// together returns how many bytes to read at once for the first of the pieces
// and those that stand close behind it.
func together(pieces []piece) int {
	n := int64(pieces[0].n)
	for _, q := range pieces[1:] {
		gap, end := q.off-pieces[0].off-n, q.off-pieces[0].off+int64(q.n)
		if gap > maxGap || end > windowSize {
			break
		}
		n = max(n, end)
	}
	return int(n)
}

// capture reads one piece, and of a file with random access as many bytes as
// ahead says.
func (p *plan) capture(w *window, q piece, ahead int) (int, error) {
	if !q.kept {
		q.n = min(q.n, headerPage)
	}
	data, err := w.piece(q, ahead)
	n := len(data)
	if err != nil || n == 0 {
		return n, err
	}
	if q.page && q.base-q.addr < uint64(n) {
		p.c.look(q.base, data[q.base-q.addr:n])
	}
	if q.kept {
		p.m.add(q.addr, data[:n:n])
	}
	return n, nil
}

// piece returns the bytes of a piece: in memory of their own when they are kept,
// else valid until the next read.
func (w *window) piece(q piece, ahead int) ([]byte, error) {
	if w.src.forward() || q.n > windowSize {
		data := w.spare
		if q.kept {
			data = make([]byte, q.n)
		}
		n, err := w.copyAt(data[:q.n], q.off)
		return data[:n], err
	}
	b, ok := w.held(q.off, q.n)
	if !ok {
		b, ok = w.far.held(q.off, q.n)
	}
	if !ok {
		var err error
		if b, err = w.far.peek(q.off, q.n, ahead); err != nil {
			return nil, err
		}
	}
	if q.kept {
		b = bytes.Clone(b)
	}
	return b, nil
}

// copyAt fills p from the window and, behind it, from the source.
func (w *window) copyAt(p []byte, off int64) (int, error) {
	if off >= w.off && off < w.off+int64(w.n) {
		n := copy(p, w.buf[off-w.off:w.n])
		if n == len(p) {
			return n, nil
		}
		m, err := w.src.read(p[n:], off+int64(n))
		return n + m, err
	}
	return w.src.read(p, off)
}
