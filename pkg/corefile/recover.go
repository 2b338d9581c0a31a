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
	if !s.HasInfo {
		return false
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
	step := uint64(searchStep)
	if !c.inRaise(fr) {
		step = searchDown // the frame is near the upper end; read all at once
	}
	for from := lo; from < hi; from += min(step, hi-from) {
		p := c.plan()
		p.want(from, min(hi, from+step))
		c.read(p)
		// A frame may begin in the step before.
		if c.findFrame(fr, max(lo, from-min(from, uint64(fr.size))), min(hi, from+step)) {
			c.captureRecovered()
			return
		}
	}
}

// findFrame looks at every place in [lo, hi) where a frame may begin.
func (c *capturing) findFrame(fr *sigframe, lo, hi uint64) bool {
	at := lo + (fr.rest-lo)%fr.step
	b, base := c.stretch(lo, hi)
	for ; at >= lo && at < hi; at += fr.step {
		if at < base || at-base+uint64(fr.size) > uint64(len(b)) {
			continue
		}
		if rec := c.frameAt(fr, b[at-base:][:fr.size], at); rec != nil {
			c.f.Recovered = rec
			return true
		}
	}
	return false
}

// stretch returns the captured bytes of [lo, hi) with the address of the
// first. Where they were captured in several pieces they are joined; a hole
// ends them.
func (c *capturing) stretch(lo, hi uint64) ([]byte, uint64) {
	if b := c.m.tail(lo); uint64(len(b)) >= hi-lo {
		return b[:hi-lo], lo
	}
	var b []byte
	base, at := lo, lo
	for at < hi {
		part := c.m.tail(at)
		switch {
		case len(part) > 0:
			part = part[:min(uint64(len(part)), hi-at)]
			b = append(b, part...)
			at += uint64(len(part))
		case len(b) > 0:
			return b, base
		default:
			at = c.m.next(at, hi)
			base = at
		}
	}
	return b, base
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
