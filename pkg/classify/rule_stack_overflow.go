package classify

import (
	"cmp"
	"debug/elf"
	"fmt"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Reaches of a stack overflow, in bytes. A function touches its own frame near
// sp; compilers that probe the stack touch every page of a larger one. The
// signal frame of the kernel is up to 11 KiB with AMX state.
const (
	frameReach  = 64 << 10
	signalFrame = 16 << 10
	guardReach  = 1 << 20
)

func ruleStackOverflow() Rule {
	return Rule{
		Name:    "stack_overflow",
		Kinds:   []crash.Kind{crash.KindStackOverflow},
		Decides: "Accesses that ran off the lower end of the thread's stack.",
		Evidence: "The faulting address lies within 64 KiB of sp, is not usable memory, and the stack's mapping begins just above it; or it lies in a guard page there. " +
			"Where the kernel could not even push a signal frame it reports SI_KERNEL without an address: then sp itself must be at the edge.",
		Basis: []string{
			"mm/memory.c and arch/*/mm/fault.c (the main stack grows on demand down to RLIMIT_STACK, so that a fault just below it means the limit)",
			"glibc nptl/allocatestack.c (guard pages below a thread's stack)", "kernel/signal.c (force_sigsegv when no signal frame can be written)",
		},
		apply: (*view).stackOverflow,
	}
}

func (v *view) stackOverflow() (ruling, bool) {
	if (v.sig.Number != sigSEGV && v.sig.Number != sigBUS) || !v.kernelFault() || v.sp < nullPage {
		return ruling{}, false
	}
	r := ruling{kind: crash.KindStackOverflow, confidence: crash.ConfidenceCertain}
	switch {
	case v.generalProtection():
		return v.overflowWithoutAddress(r)
	case !v.sig.HasInfo:
		return v.overflowBySP(r)
	case !v.sig.HasAddr || !near(v.sig.Addr, v.sp, frameReach) || !v.pcRunnable():
		return ruling{}, false
	}
	stack, ok := v.stackAbove(v.sig.Addr)
	if !ok {
		return ruling{}, false
	}
	r.reasons = append(r.reasons, fmt.Sprintf(
		"The faulting address %#x is %s sp %#x and %s the stack mapping that begins at %#x (%s).",
		v.sig.Addr, relation(v.sig.Addr, v.sp), v.sp, belowOrIn(v.sig.Addr, stack), stack.Start, size(stack.End-stack.Start)))
	return v.withRecursion(r), true
}

// stackAbove returns the writable mapping whose lower end addr has run off:
// addr is just below it, or in its lowest page (guard pages by
// MADV_GUARD_INSTALL do not split a mapping; glibc 2.42 uses them).
func (v *view) stackAbove(addr uint64) (corefile.Segment, bool) {
	if seg, ok := v.segment(addr); ok && usable(seg) {
		inGuard := addr-seg.Start < frameReach && v.sig.Code == segvMapErr
		return seg, inGuard
	}
	if seg, ok := v.segment(v.sp); ok && usable(seg) && seg.Start > addr && seg.Start-addr <= frameReach {
		return seg, true
	}
	// sp itself has left the stack: the mapping above is at most a guard away.
	for at := addr&^0xfff + 0x1000; at-addr <= guardReach; at += 0x1000 {
		if seg, ok := v.segment(at); ok && usable(seg) {
			return seg, true
		} else if ok && seg.Flags&(elf.PF_R|elf.PF_W|elf.PF_X) != 0 {
			break // another mapping in between
		}
	}
	return corefile.Segment{}, false
}

// overflowWithoutAddress: the kernel could not write a signal frame.
func (v *view) overflowWithoutAddress(r ruling) (ruling, bool) {
	seg, ok := v.segment(v.sp)
	if ok && usable(seg) && (v.sp-seg.Start >= signalFrame || seg.End-seg.Start < guardReach) {
		return ruling{}, false
	}
	if !ok || !usable(seg) {
		if seg, ok = v.stackAbove(v.sp); !ok || v.sp >= seg.Start {
			return ruling{}, false
		}
	}
	if _, nonCanonical := v.nonCanonicalRegister(); nonCanonical {
		return ruling{}, false
	}
	r.confidence = crash.ConfidenceLikely
	r.reasons = append(r.reasons, fmt.Sprintf(
		"The kernel reports no address (SI_KERNEL), and sp %#x is at the lower edge of the stack mapping that begins at %#x: there was no room for a signal frame.", v.sp, seg.Start))
	return v.withRecursion(r), true
}

// overflowBySP: no siginfo (qemu, old kernels), so that sp alone speaks.
func (v *view) overflowBySP(r ruling) (ruling, bool) {
	if seg, ok := v.segment(v.sp); ok && usable(seg) {
		return ruling{}, false
	}
	seg, ok := v.stackAbove(v.sp)
	if !ok || v.sp >= seg.Start || !v.pcRunnable() {
		return ruling{}, false
	}
	r.confidence = crash.ConfidenceLikely
	r.reasons = append(r.reasons, fmt.Sprintf("sp %#x has left the mapping that begins at %#x just above it.", v.sp, seg.Start))
	return v.withRecursion(r), true
}

// withRecursion names the place by what repeats on the stack.
func (v *view) withRecursion(r ruling) ruling {
	if r.at = v.recursion(); r.at != v.pc {
		r.reasons = append(r.reasons, fmt.Sprintf("The return address %s repeats on the stack: recursion.", v.describe(r.at)))
	}
	return r
}

// recursion returns the return address that stands for a recursion: of those
// that repeat in the stack window, the first by module and offset, which is the
// same wherever in the cycle the stack ran out and wherever the modules were
// loaded. It is pc when nothing repeats.
func (v *view) recursion() uint64 {
	const atLeast = 3
	count := map[uint64]int{}
	v.eachWord(v.stackStart(), scanWords, func(w uint64) bool {
		if n := count[w]; n > 0 || v.returnAddress(w) {
			count[w] = n + 1
		}
		return true
	})
	best, where, found := v.pc, site{}, false
	for addr, n := range count {
		s, ok := v.siteOf(addr)
		if n < atLeast || !ok {
			continue
		}
		if order := cmp.Or(cmp.Compare(s.module, where.module), cmp.Compare(s.offset, where.offset)); !found || order < 0 {
			best, where, found = addr, s, true
		}
	}
	return best
}

func usable(s corefile.Segment) bool {
	return s.Flags&(elf.PF_R|elf.PF_W) == elf.PF_R|elf.PF_W
}

func near(a, b, reach uint64) bool { return a-b <= reach || b-a <= reach }

func relation(addr, sp uint64) string {
	switch {
	case addr < sp:
		return fmt.Sprintf("%#x below", sp-addr)
	case addr > sp:
		return fmt.Sprintf("%#x above", addr-sp)
	}
	return "at"
}

func belowOrIn(addr uint64, s corefile.Segment) string {
	if addr >= s.Start {
		return "in the guard at the lower end of"
	}
	return fmt.Sprintf("%#x below", s.Start-addr)
}

func size(n uint64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d KiB", n>>10)
	}
}
