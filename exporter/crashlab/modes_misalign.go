package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// misalignModes have their stack pointer moved from outside.
func misalignModes() []Mode {
	m := func(name, summary string, flags []string, w Want, args ...string) Mode {
		return Mode{Name: name, Summary: summary, Program: "misalign.c", Args: args, Flags: flags, Want: w}
	}
	mis := want(crash.KindMisalignedStack)
	displaced := want(crash.KindBadReturn).noted("moved by two words the stack pointer is wrong but aligned: this is a return to a bad address")
	zero := want(crash.KindNullCall, crash.KindMisalignedStack, crash.KindNullJump, crash.KindUnknown)
	zero.Accept = []string{string(crash.MisalignedStack)}
	return []Mode{
		m("misaligned_heap", "sp - 8: returns to the heap", nil, mis, "return", "heap", "-8"),
		m("misaligned_small_nopie", "sp - 8: returns to 0x2a, not position-independent", noPIE, mis, "return", "small", "-8"),
		m("misaligned_rodata", "sp - 8: returns to constant data", optimised, mis, "return", "rodata", "-8"),
		m("misaligned_unmapped", "sp - 8: returns to an unmapped address", optimised, mis, "return", "unmapped", "-8"),
		m("misaligned_stack_address", "sp - 8: returns to the stack", nil, mis, "return", "stack", "-8"),
		m("misaligned_noncanonical", "sp - 8: returns to a non-canonical address", optimised, mis, "return", "noncanonical", "-8"),
		m("misaligned_up_small", "sp + 8: returns to 0x5151", nil, mis, "return", "0x5151", "8"),
		m("misaligned_up_heap", "sp + 8: returns to the heap", optimised, mis, "return", "heap", "8"),
		m("misaligned_movaps", "sp - 8: an aligned store to the stack", optimised, mis, "movaps", "1", "-8"),
		m("misaligned_up_movaps", "sp + 8: an aligned store to the stack", nil, mis, "movaps", "1", "8"),
		m("misaligned_static", "sp - 8: returns to 0x2a, statically linked", static, mis, "return", "small", "-8"),
		m("misaligned_reraise", "sp - 8: returns to 0x2a; a handler on its own stack raises and dies there", nil, mis.noted(throughHandler), "return", "small", "-8", "reraise"),
		m("misaligned_movaps_reraise", "sp - 8: an aligned store; a handler on its own stack raises and dies there", optimised, mis.noted(throughHandler), "movaps", "1", "-8", "reraise"),
		m("misaligned_zero", "sp - 8: returns to 0", optimised, zero.noted("registers and stack cannot tell a misaligned pop of 0 from a null call; must not be return_to_null"), "return", "0", "-8"),
		m("displaced16_small", "sp - 16: returns to 0x2a", optimised, displaced, "return", "small", "-16"),
		m("displaced16_unmapped", "sp - 16: returns to an unmapped address", nil, displaced, "return", "unmapped", "-16"),
	}
}
