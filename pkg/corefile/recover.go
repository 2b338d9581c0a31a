package corefile

import (
	"debug/elf"
	"slices"
)

// How far signal frames are looked for. A crash handler that symbolizes uses
// tens of KiB of stack; a plain abort() is much more common than a handler
// that aborts, and is looked into less far.
const (
	searchStep  = 16 << 10
	searchUp    = 64 << 10
	searchAbort = 24 << 10
	searchDown  = 16 << 10
)

// raised reports whether the process sent the fatal signal to itself, the way
// crash handlers do when they have logged: raise, abort, kill(getpid()), or
// rt_tgsigqueueinfo with the first signal's own information.
func (c *capturing) raised(fr *sigframe) bool {
	s := &c.f.Signal
	if !s.HasInfo { // qemu, old kernels: the system call has to tell
		return s.Number > 0 && c.inRaise(fr)
	}
	switch s.Code {
	case siTkill:
		return true
	case siUser, siQueue:
		return s.SenderPID == c.f.Process.PID
	}
	return s.Code > 0 && c.inRaise(fr)
}

// inRaise reports whether the thread was in a system call that sends a signal.
func (c *capturing) inRaise(fr *sigframe) bool {
	n, ok := c.f.Thread.Registers.Value(fr.number)
	return ok && slices.Contains(fr.raise, n)
}

// searchZone is the part of the stack where the frame can stand. A handler
// that is still running stands below the frame; one that has returned, so that
// the signal it raised is delivered to the interrupted place, left the frame
// below that place's stack pointer.
func (c *capturing) searchZone(fr *sigframe) (lo, hi uint64) {
	sp := c.f.Thread.Registers.SP
	switch {
	case !c.inRaise(fr):
		return sp - min(sp, searchDown), sp
	case c.f.Signal.Number == sigABRT:
		return sp, sp + min(^sp, searchAbort)
	}
	return sp, sp + min(^sp, searchUp)
}

// recover looks for the context that a fatal signal handler interrupted.
func (c *capturing) recover() {
	fr := sigframeOf(c.h)
	if fr == nil || !c.raised(fr) {
		return
	}
	lo, hi := c.searchZone(fr)
	for from := lo; from < hi; from += min(searchStep, hi-from) {
		// A frame may begin in one step and end in the next.
		b, base := c.stack(from, min(hi, from+searchStep+uint64(fr.size)))
		if c.findFrame(fr, b, base) {
			c.captureRecovered()
			return
		}
	}
}

// stack returns the dumped bytes of [lo, hi) and the address of the first. A
// stream has captured them as it passed; otherwise they are read for this look
// alone.
func (c *capturing) stack(lo, hi uint64) ([]byte, uint64) {
	s, ok := c.m.table.from(lo)
	lo = max(lo, s.Start)
	hi = min(hi, s.Start+s.Dumped)
	if !ok || lo >= hi || c.err != nil {
		return nil, lo
	}
	if b := c.m.tail(lo); uint64(len(b)) >= hi-lo || c.w.src.forward() {
		return b[:min(uint64(len(b)), hi-lo)], lo
	}
	c.w.far.n = 0 // it has the same memory
	n, err := c.w.src.read(c.w.spare[:min(hi-lo, uint64(len(c.w.spare)))], s.Offset+int64(lo-s.Start))
	if err != nil {
		c.err, c.f.Incomplete = err, err.Error()
	}
	return c.w.spare[:n], lo
}

// findFrame looks at every place in b, which stands at base, where a frame may
// begin.
func (c *capturing) findFrame(fr *sigframe, b []byte, base uint64) bool {
	for i := (fr.rest - base) % fr.step; i+uint64(fr.size) <= uint64(len(b)); i += fr.step {
		if rec := c.frameAt(fr, b[i:i+uint64(fr.size)], base+i); rec != nil {
			c.f.Recovered = rec
			return true
		}
	}
	return false
}

// frameAt checks the frame at addr strictly and decodes it.
func (c *capturing) frameAt(fr *sigframe, b []byte, addr uint64) *Recovered {
	if !fr.valid(c.h, b, addr) {
		return nil
	}
	info := b[fr.info:]
	sig := decodeSignal(c.h, info[:min(len(info), 128)], 0)
	if !c.entered(sig) {
		return nil
	}
	r := c.frameRegisters(fr, b)
	alt, ok := c.frameStack(fr, b, addr, r.SP)
	if !ok {
		return nil
	}
	if t := &c.f.Thread.Registers; !c.inRaise(fr) && (r.PC != t.PC || r.SP != t.SP) {
		return nil // a handler that returned did so to exactly this place
	}
	return &Recovered{Registers: r, Signal: sig, FrameAddr: addr, AltStack: alt}
}

// entered reports whether sig can be what the fatal handler was entered with:
// the same signal, or a fault where the handler called abort.
func (c *capturing) entered(sig Signal) bool {
	if sig.Number < 1 || sig.Number > maxSig || sig.Code < -64 || sig.Code > 0x80 {
		return false
	}
	if sig.Number == c.f.Signal.Number {
		return true
	}
	return c.f.Signal.Number == sigABRT && faultSignal(sig.Number) && sig.Code > 0
}

// frameRegisters puts the saved registers in the order of NT_PRSTATUS. What a
// frame does not save (segment bases) is as it was at the time of the core.
func (c *capturing) frameRegisters(fr *sigframe, b []byte) Registers {
	r := c.f.Thread.Registers
	r.Values = slices.Clone(r.Values)
	set := func(name string, v uint64) {
		if i := slices.Index(r.Names, name); i >= 0 {
			r.Values[i] = v
		}
	}
	word := c.h.word()
	for i, name := range fr.names {
		v := c.h.readWord(b[fr.regs+i*word:])
		switch name {
		case "cs", "ss", "ds", "es", "fs", "gs":
			v &= 0xffff
		}
		set(name, v)
	}
	switch fr.machine {
	case elf.EM_X86_64:
		for i, name := range []string{"cs", "gs", "fs", "ss"} {
			set(name, uint64(c.h.order.Uint16(b[192+2*i:])))
		}
		set("orig_rax", ^uint64(0))
	case elf.EM_386:
		set("orig_eax", 0xffffffff)
	}
	return c.l.fill(r)
}

// frameStack checks that the frame stands where the kernel would have put it:
// on the interrupted stack a little below its pointer, or on the alternate
// stack that the frame itself describes.
func (c *capturing) frameStack(fr *sigframe, b []byte, addr, sp uint64) (alt, ok bool) {
	word := c.h.word()
	base := c.h.readWord(b[fr.stack:])
	flags := c.h.order.Uint32(b[fr.stack+word:])
	size := c.h.readWord(b[fr.stack+2*word:])
	const onStack, disabled, autodisarm = 1, 2, 1 << 31 // SS_*
	if f := flags &^ autodisarm; f != 0 && f != onStack && f != disabled {
		return false, false
	}
	if flags&disabled == 0 && addr >= base && addr-base < size {
		return true, true
	}
	return false, sp > addr && sp-addr < 64<<10
}

// captureRecovered reads around the recovered stack pointer and pc.
func (c *capturing) captureRecovered() {
	r := &c.f.Recovered.Registers
	p := c.plan()
	p.around(r.SP, stackBelow, stackSize-stackBelow)
	p.around(r.PC, textAround, textAround)
	c.read(p)
}
