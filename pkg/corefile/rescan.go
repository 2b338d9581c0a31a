package corefile

import (
	"debug/elf"
	"slices"
)

// maxExtra bounds what a second look at the program headers may keep.
const maxExtra = 128

// rescan looks at the program headers again when the table had no room for
// all of them, now that the registers tell which segments matter: those of pc,
// sp, every other register, the faulting address, and the modules' headers.
func (c *capturing) rescan() {
	t := &c.m.table
	if !t.dropped || (c.w.src.forward() && !c.w.src.rewind()) {
		return
	}
	points := c.points()
	size := int64(c.h.phsize)
	var p phdr
	for i := int64(0); i < min(c.h.phnum, maxSegments) && len(t.extra) < maxExtra; i++ {
		b, err := c.w.peek(c.h.phoff+i*size, c.h.phsize, windowSize)
		if err != nil || len(b) < c.h.phsize {
			c.err = err
			return
		}
		c.h.decodePhdr(b, &p)
		if p.typ != elf.PT_LOAD || !p.valid {
			continue
		}
		s := p.segment()
		j, _ := slices.BinarySearch(points, s.Start)
		if j == len(points) || points[j] >= s.End {
			continue
		}
		if _, have := t.find(points[j]); !have {
			s.Dumped = t.present(s.Offset, s.Dumped)
			t.extra = append(t.extra, s)
		}
	}
}

// points returns the addresses of interest in ascending order.
func (c *capturing) points() []uint64 {
	r := &c.f.Thread.Registers
	points := slices.Clone(r.Values)
	points = append(points, r.SP-min(r.SP, stackBelow), r.SP+min(^r.SP, stackSize), c.f.Signal.Addr, c.f.Auxv[atSysinfoEhdr])
	for _, addr := range []uint64{r.PC, r.LR, c.f.Auxv[atEntry]} {
		points = append(points, addr)
		if m, ok := c.f.ModuleAt(addr); ok {
			points = append(points, m.Start)
		}
	}
	if base, ok := c.f.executableBase(c.h); ok {
		points = append(points, base)
	}
	slices.Sort(points)
	return points
}
