package classify

import (
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// nullPage is the first address that an unprivileged process can map: the
// default of vm.mmap_min_addr (mm/Kconfig DEFAULT_MMAP_MIN_ADDR is 4096, every
// distribution sets 65536). Below it an address is a null pointer plus an offset.
const nullPage = 0x10000

// view is one context of a core, the crashing thread's or the one recovered
// from a signal frame, with the questions that rules ask of it.
type view struct {
	f    *corefile.Facts
	opt  Options
	abi  abi
	regs *corefile.Registers
	sig  corefile.Signal

	pc, sp uint64
	// log is set when the facts come from a log line; spUnknown when that
	// line has no stack pointer, so that 0 means nothing.
	log, spUnknown bool

	order binary.ByteOrder
	// notes are reasons that stand whatever rule decides.
	notes []string

	transfer *transfer // memo of how control came to pc
	pcInst   *instruction
	walked   *[]callSite
	exe      *exeFile
	stack    *corefile.Segment
	segs     [2]corefile.Segment // found last: most questions are about the same few
	at       mapping             // found last
	unwound  bool                // the callers come from call frame information
}

// newView picks the context that crashed: the recovered one when the reader
// found it and it tells of a fault, the thread's own otherwise.
func newView(f *corefile.Facts, opt Options) *view {
	v := &view{f: f, opt: opt, regs: &f.Thread.Registers, sig: f.Signal, order: f.ByteOrder}
	if v.order == nil {
		v.order = binary.LittleEndian
	}
	v.abi = abiOf(f.Machine, f.Class, v.order)
	if r := f.Recovered; r != nil && (synchronous(r.Signal.Number) || r.Signal.Number == f.Signal.Number) {
		where := "on the stack"
		if r.AltStack {
			where = "on an alternate signal stack"
		}
		v.notes = append(v.notes, fmt.Sprintf(
			"A signal handler raised %s again; the registers of the first fault (%s) were recovered from the signal frame at %#x %s.",
			SignalName(f.Signal.Number), SignalName(r.Signal.Number), r.FrameAddr, where))
		v.regs, v.sig = &r.Registers, r.Signal
	}
	v.pc, v.sp = v.regs.PC, v.regs.SP
	return v
}

// place says what an address is.
type place int

const (
	placeUnknown  place = iota // the program headers were not all read
	placeUnmapped              // no segment holds it
	placeNull                  // below the first mappable address
	placeText                  // mapped and executable
	placeData                  // mapped, not executable
)

// placeOf says what an address is, by the program headers.
func (v *view) placeOf(addr uint64) place {
	if v.f.Memory != nil {
		seg, found, complete := v.find(addr)
		switch {
		case found && seg.Executable():
			return placeText
		case found && (seg.Flags&(elf.PF_R|elf.PF_W) != 0 || addr >= nullPage):
			return placeData
		case found || addr < nullPage:
			return placeNull
		case complete:
			return placeUnmapped
		}
	}
	if addr < nullPage {
		return placeNull
	}
	return placeUnknown
}

// segment returns the segment that holds addr.
func (v *view) segment(addr uint64) (corefile.Segment, bool) {
	if v.f.Memory == nil {
		return corefile.Segment{}, false
	}
	seg, found, _ := v.find(addr)
	return seg, found
}

// find is Memory.Segment with a memory of the last two answers.
func (v *view) find(addr uint64) (seg corefile.Segment, found, complete bool) {
	for i := range v.segs {
		if s := &v.segs[i]; addr >= s.Start && addr < s.End {
			return *s, true, true
		}
	}
	seg, found, complete = v.f.Memory.Segment(addr)
	if found {
		v.segs[1], v.segs[0] = v.segs[0], seg
	}
	return seg, found, complete
}

// pcRunnable reports whether code could run at pc. Where the program headers
// don't tell, a page fault whose address is pc itself was a failed fetch.
func (v *view) pcRunnable() bool {
	switch v.placeOf(v.pc) {
	case placeText:
		return true
	case placeUnknown:
		fetch := v.sig.Number == sigSEGV && v.sig.HasAddr && v.sig.Addr == v.pc && v.kernelFault()
		return !fetch
	default:
		return false
	}
}

// word returns the machine word at addr when it was captured.
func (v *view) word(addr uint64) (uint64, bool) {
	if v.f.Memory == nil {
		return 0, false
	}
	return v.f.Memory.Word(addr)
}

// top and below are the words at sp and just under it.
func (v *view) top() (uint64, bool)   { return v.word(v.sp) }
func (v *view) below() (uint64, bool) { return v.word(v.sp - v.abi.word) }

// skew is sp modulo the alignment that the ABI demands.
func (v *view) skew() uint64 {
	if v.abi.align == 0 {
		return 0
	}
	return v.sp % v.abi.align
}

// kernelFault reports whether the kernel raised the signal for what the thread
// did: si_code is positive (include/uapi/asm-generic/siginfo.h: user space can
// only send codes <= 0), or there is no siginfo and the signal is one of those.
func (v *view) kernelFault() bool {
	if !v.sig.HasInfo {
		return synchronous(v.sig.Number)
	}
	return v.sig.Code > 0
}

// generalProtection reports a #GP or #SS: on x86 the kernel has no address for
// these and says SI_KERNEL (arch/x86/kernel/traps.c, exc_general_protection and
// exc_stack_segment).
func (v *view) generalProtection() bool {
	return v.abi.x86() && v.sig.HasInfo && v.sig.Code == siKernel && (v.sig.Number == sigSEGV || v.sig.Number == sigBUS)
}

// register returns a register by its kernel name.
func (v *view) register(name string) (uint64, bool) { return v.regs.Value(name) }

// aux returns a value of the auxiliary vector; 0 when absent.
func (v *view) aux(tag uint64) uint64 { return v.f.Auxv[tag] }
