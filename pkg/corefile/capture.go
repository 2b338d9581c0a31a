package corefile

import (
	"cmp"
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
)

// piece is a part of the address space to capture: n bytes in the file at off.
type piece struct {
	addr uint64
	off  int64
	n    int
}

// plan collects the pieces to read in one go, in file order.
type plan struct {
	m      *memory
	pieces []piece
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
			p.pieces = append(p.pieces, piece{addr: from, off: s.Offset + int64(from-s.Start), n: int(to - from)})
		}
		lo = s.End
	}
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
		return addr >= q.addr && addr-q.addr+uint64(n) <= uint64(q.n)
	})
}

// joined returns the pieces in file order, with those that touch made one.
func (p *plan) joined() []piece {
	slices.SortFunc(p.pieces, func(a, b piece) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.n, b.n)) })
	out := p.pieces[:0]
	for _, q := range p.pieces {
		if len(out) > 0 {
			last := &out[len(out)-1]
			gap := q.off - last.off
			if gap <= int64(last.n) && q.addr-last.addr == uint64(gap) {
				last.n = max(last.n, int(gap)+q.n)
				continue
			}
		}
		out = append(out, q)
	}
	return out
}

// read captures the pieces in file order. A stream that has passed some of
// them is read a second time where it can be; what stays out of reach is left
// unknown. It reports whether the input ended within a piece.
func (p *plan) read(w *window) (cut bool, err error) {
	pieces := p.joined()
	p.pieces = nil
	for again := false; ; again = true {
		var passed []piece
		for _, q := range pieces {
			data := make([]byte, q.n)
			n, err := w.copyAt(data, q.off)
			switch {
			case err == errBehind:
				passed = append(passed, q)
			case err == errLimit:
				p.limited += int64(q.n)
			case err != nil:
				return cut, err
			case n < q.n:
				cut = true
			}
			if err == nil && n > 0 {
				p.m.spans = append(p.m.spans, span{addr: q.addr, data: data[:n:n]})
			}
		}
		if len(passed) == 0 || again || !w.src.rewind() {
			return cut, nil
		}
		pieces = passed
	}
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
