package corefile

// Bounds of what is captured for an abort: libraries put their last words
// (assertion texts, "free(): double free", a C++ exception's header) on the
// heap or in an anonymous mapping, and their addresses are on the stack: above
// sp, or below it in frames that have just been left.
const (
	clueStackBelow = 2 << 10  // of stack captured below sp
	clueWords      = 256      // looked at on either side of sp
	clueCount      = 24       // distinct words that point to such memory
	clueBelow      = 64       // before each address: headers stand before objects
	clueAbove      = 192      // from each address on
	clueBudget     = 12 << 10 // bytes in all
)

// clues is the search of one abort.
type clues struct {
	c     *capturing
	p     *plan
	stack Segment
	left  int    // words that may still be followed
	bytes uint64 // that may still be captured
}

// wantClues plans small windows of writable anonymous memory that the stack
// and the registers of an aborted thread point to.
func (c *capturing) wantClues(p *plan) {
	if c.f.Signal.Number != sigABRT {
		return
	}
	r := &c.f.Thread.Registers
	s, _ := c.m.table.find(r.SP)
	q := clues{c: c, p: p, stack: s, left: clueCount, bytes: clueBudget}
	for _, v := range r.Values {
		q.look(v)
	}
	word := uint64(c.h.word())
	for i := range uint64(clueWords) {
		if v, ok := c.m.Word(r.SP + i*word); ok {
			q.look(v)
		}
		if v, ok := c.m.Word(r.SP - (i+1)*word); ok {
			q.look(v)
		}
	}
}

func (q *clues) look(addr uint64) {
	if addr <= pageMask || (addr >= q.stack.Start && addr < q.stack.End) || q.left == 0 || q.bytes < clueBelow+clueAbove {
		return // most words end here
	}
	s, ok := q.c.m.table.find(addr)
	if !ok || !s.Writable() || s.Dumped == 0 {
		return
	}
	if _, isFile := q.c.f.FileAt(addr); isFile || q.p.have(addr, 1) {
		return
	}
	q.p.around(addr, clueBelow, clueAbove)
	q.left--
	q.bytes -= clueBelow + clueAbove
}
