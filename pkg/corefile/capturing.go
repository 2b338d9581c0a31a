package corefile

import (
	"fmt"
	"slices"
)

// Bounds of the second look, at what the stack window points to.
const (
	scanWords      = 128 // of the stack from sp upward
	maxCallModules = 4   // modules of return addresses
	maxStreamPages = 32  // header pages caught while a stream passes
)

// capturing reads the ranges of memory that the registers make interesting:
//
//  1. the stack window, text around pc, the header pages of the executable
//     and of the module at pc;
//  2. where a fatal handler raised the signal again: the signal frame;
//  3. the header pages of the modules that the stack returns to, and the text
//     before those return addresses.
type capturing struct {
	w     *window
	h     *header
	l     *layout
	f     *Facts
	m     *memory
	opt   Options
	bases []uint64 // ELF headers of modules, in the order of interest
	ids   []pageID // what the header pages said
	cut   bool
	err   error // ends all further reading
	next  plan
	// pieces is the memory of the plan.
	pieces []piece
}

// pageID is the build id in the header page at base.
type pageID struct {
	base uint64
	id   string
}

// plan starts a new plan; there is one at a time.
func (c *capturing) plan() *plan {
	c.next = plan{m: c.m, c: c, pieces: c.pieces[:0]}
	return &c.next
}

// look takes the build id from a header page.
func (c *capturing) look(base uint64, page []byte) {
	c.ids = append(c.ids, pageID{base, c.h.pageBuildID(page)})
}

func (c *capturing) run() {
	c.rescan()
	p := c.plan()
	r := &c.f.Thread.Registers
	p.around(r.SP, c.below(), stackSize-stackBelow)
	p.around(r.PC, textAround, textAround)
	if base, ok := c.f.executableBase(c.h); ok {
		c.module(p, base)
	}
	c.moduleOf(p, r.PC)
	if c.w.src.forward() {
		c.wantAhead(p)
	}
	c.read(p)
	c.recover()
	if c.f.Recovered != nil {
		r = &c.f.Recovered.Registers
	}
	p = c.plan()
	c.moduleOf(p, r.PC)
	c.returns(p, r)
	c.wantClues(p)
	c.read(p)
	c.nameModules()
}

// below is how much of the window lies below sp: the red zone, which signal
// delivery leaves alone, is 128 bytes on x86-64 (System V ABI, 3.2.2) and 512
// on ppc64 (ELF v2 ABI, 2.2.2.4). After an abort more of it is of interest.
func (c *capturing) below() uint64 {
	switch {
	case c.f.Signal.Number == sigABRT:
		return clueStackBelow
	case c.l.pc == "nip":
		return 2 * stackBelow
	}
	return stackBelow
}

// read carries a plan out; an error ends all further reading, with what was
// captured so far kept.
func (c *capturing) read(p *plan) {
	if c.err != nil || len(p.pieces) == 0 {
		return
	}
	cut, err := p.read(c.w)
	c.cut, c.err = c.cut || cut, err
	switch {
	case err != nil:
		c.f.Incomplete = err.Error()
	case p.limited > 0:
		c.f.Incomplete = fmt.Sprintf("%d bytes of interest lie behind the limit of %d bytes", p.limited, c.opt.MaxDecompressed)
	}
}

// module plans the header page at base, once.
func (c *capturing) module(p *plan, base uint64) {
	if !slices.Contains(c.bases, base) {
		c.bases = append(c.bases, base)
		if !slices.ContainsFunc(c.ids, func(k pageID) bool { return k.base == base }) {
			p.wantPage(base)
		}
	}
}

// moduleOf plans the header page of the module that holds addr.
func (c *capturing) moduleOf(p *plan, addr uint64) {
	if base, ok := c.moduleBase(addr); ok {
		c.module(p, base)
	}
}

// returns plans what the believable return addresses near sp point to: words
// that are addresses in an executable segment.
func (c *capturing) returns(p *plan, r *Registers) {
	q := pointers{c: c, p: p, texts: c.opt.ReturnText, modules: maxCallModules}
	if r.HasLR {
		q.look(r.LR)
	}
	word := c.h.word()
	stack := c.m.tail(r.SP)
	for i := 0; i < scanWords && len(stack) >= word && q.texts+q.modules > 0; i++ {
		q.look(c.h.readWord(stack))
		stack = stack[word:]
	}
}

// pointers looks at words that may point to text.
type pointers struct {
	c       *capturing
	p       *plan
	texts   int     // windows of text that may still be planned
	modules int     // header pages that may still be planned
	last    Segment // the text that the last word pointed to
	vdso    bool    // last is the vDSO
}

func (q *pointers) look(addr uint64) {
	c := q.c
	if addr < q.last.Start || addr >= q.last.End {
		s, ok := c.m.table.text(addr)
		if !ok {
			return
		}
		q.last, q.vdso = s, c.inVDSO(s)
		if base, ok := c.moduleBase(addr); ok && q.modules > 0 && !slices.Contains(c.bases, base) {
			c.module(q.p, base)
			q.modules--
		}
	}
	if q.texts > 0 && !q.vdso {
		q.texts--
		if q.last.Dumped > 0 {
			q.p.around(addr, textBefore, textBefore)
		}
	}
}

// wantAhead plans for a stream what may turn out to be of interest when it has
// passed: the zone of a signal frame and the modules' header pages.
func (c *capturing) wantAhead(p *plan) {
	if fr := sigframeOf(c.h); fr != nil && c.raised(fr) {
		p.want(c.searchZone(fr))
	}
	if vdso, ok := c.f.Auxv[atSysinfoEhdr]; ok {
		p.wantPage(vdso)
	}
	n := 0
	for i := range c.f.Files {
		m := &c.f.Files[i]
		if m.Offset != 0 || n == maxStreamPages {
			continue
		}
		if i+1 < len(c.f.Files) && c.f.Files[i+1].Path == m.Path && !slices.Contains(c.bases, m.Start) {
			p.wantPage(m.Start)
			n++
		}
	}
}

// nameModules fills in what the header pages say.
func (c *capturing) nameModules() {
	f := c.f
	f.Modules = make([]Module, 0, len(c.bases))
	for _, base := range c.bases {
		m := Module{Start: base}
		if i := slices.IndexFunc(c.ids, func(k pageID) bool { return k.base == base }); i >= 0 {
			m.BuildID = c.ids[i].id
		}
		if file, ok := f.FileAt(base); ok {
			m.Path = file.Path
		}
		f.Modules = append(f.Modules, m)
	}
	if base, ok := f.executableBase(c.h); ok {
		f.ExecutableBuildID = f.buildIDOf(base)
	}
	if base, ok := c.moduleBase(f.Thread.Registers.PC); ok {
		f.PCBuildID = f.buildIDOf(base)
	}
}

// moduleBase is where the ELF header of the module at addr stands in memory.
// The vDSO is found by the auxiliary vector; without NT_FILE the header page
// is the nearest dumped one that adjoins the text from below.
func (c *capturing) moduleBase(addr uint64) (uint64, bool) {
	if m, ok := c.f.ModuleAt(addr); ok {
		return m.Start, true
	}
	s, found := c.m.table.find(addr)
	if !found {
		return 0, false
	}
	if c.inVDSO(s) {
		return c.f.Auxv[atSysinfoEhdr], true
	}
	if c.f.HasFiles || !s.Executable() {
		return 0, false
	}
	for range 3 {
		if s.Dumped >= pageMask {
			return s.Start, true
		}
		below, ok := c.m.table.find(s.Start - 1)
		if !ok || s.Start == 0 {
			break
		}
		s = below
	}
	return 0, false
}

// inVDSO reports whether a segment is the vDSO, the one text that the kernel
// always dumps. The stack holds its address for reasons of its own, so it is
// no sign of a call.
func (c *capturing) inVDSO(s Segment) bool {
	vdso, ok := c.f.Auxv[atSysinfoEhdr]
	return ok && vdso >= s.Start && vdso < s.End
}
