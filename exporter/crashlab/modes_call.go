package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// Why a tail jump may be taken for a call, and a call through a non-canonical
// pointer for an access: the bytes of the instruction would tell, and a core
// with the usual dump filter does not hold them.
const (
	textNotDumped   = "the program's text, which would tell a jump from a call, is not in the core"
	faultsAtTheCall = "a call of a non-canonical address faults at the call instruction, whose bytes are not in the core"
)

// callModes call or jump to somewhere that is no function.
func callModes() []Mode {
	nullCall, badCall := want(crash.KindNullCall), want(crash.KindBadCall)
	nullJump := want(crash.KindNullJump, crash.KindNullCall).noted(textNotDumped)
	return []Mode{
		{Name: "call_null_o2", Summary: "calls a null function pointer", Program: "call.c", Args: []string{"call", "null"}, Flags: optimised, Want: nullCall},
		{Name: "call_null_nopie", Summary: "calls a null function pointer, not position-independent", Program: "call.c", Args: []string{"call", "null"}, Flags: noPIE, Want: nullCall},
		{Name: "call_null_static", Summary: "calls a null function pointer, statically linked", Program: "call.c", Args: []string{"call", "null"}, Flags: static, Want: nullCall},
		{Name: "call_null_fp", Summary: "calls a null function pointer, -O2 with frame pointers", Program: "call.c", Args: []string{"call", "null"}, Flags: framePointers, Want: nullCall},
		{Name: "call_null_comparator", Summary: "qsort calls a null comparator", Program: "callback.c", Args: []string{"comparator"}, Flags: optimised, Want: nullCall},
		{Name: "call_small", Summary: "calls 0x2a", Program: "call.c", Args: []string{"call", "small"}, Want: badCall},
		{Name: "call_unmapped", Summary: "calls an unmapped address", Program: "call.c", Args: []string{"call", "unmapped"}, Flags: optimised, Want: badCall},
		{Name: "call_heap", Summary: "calls the heap", Program: "call.c", Args: []string{"call", "heap"}, Want: badCall},
		{Name: "call_stack", Summary: "calls the stack", Program: "call.c", Args: []string{"call", "stack"}, Flags: optimised, Want: badCall},
		{Name: "call_rodata", Summary: "calls constant data", Program: "call.c", Args: []string{"call", "rodata"}, Flags: optimised, Want: badCall},
		{Name: "call_noncanonical", Summary: "calls a non-canonical address", Program: "call.c", Args: []string{"call", "noncanonical"}, Flags: optimised, Want: want(crash.KindBadCall, crash.KindNonCanonicalAccess).noted(faultsAtTheCall)},
		withText(Mode{Name: "call_noncanonical_text", Summary: "calls a non-canonical address; the text is dumped", Program: "call.c", Args: []string{"call", "noncanonical"}, Want: badCall}),
		{Name: "jump_null_o2", Summary: "jumps to a null function pointer in tail position", Program: "call.c", Args: []string{"jump", "null"}, Flags: optimised, Want: nullJump},
		withText(Mode{Name: "jump_null_text", Summary: "the same, and the text is dumped", Program: "call.c", Args: []string{"jump", "null"}, Want: want(crash.KindNullJump)}),
		{Name: "jump_heap", Summary: "jumps to the heap in tail position", Program: "call.c", Args: []string{"jump", "heap"}, Flags: optimised, Want: badCall},
		{Name: "jump_unmapped", Summary: "jumps to an unmapped address in tail position", Program: "call.c", Args: []string{"jump", "unmapped"}, Flags: optimised, Want: badCall},
		{Name: "vcall_slot_null", Summary: "a virtual table holds null", Program: "vcall.cpp", Args: []string{"slot_null"}, Flags: optimised, Want: nullCall},
		{Name: "vcall_slot_heap", Summary: "a virtual table holds a heap address", Program: "vcall.cpp", Args: []string{"slot_heap"}, Want: badCall},
		{Name: "vcall_slot_unmapped", Summary: "a virtual table holds an unmapped address", Program: "vcall.cpp", Args: []string{"slot_unmapped"}, Flags: optimised, Want: badCall},
		{Name: "vcall_object_null", Summary: "a method of a null object is called", Program: "vcall.cpp", Args: []string{"object_null"}, Flags: optimised, Want: want(crash.KindNullDeref)},
		{Name: "vcall_vptr_null", Summary: "an object's virtual table pointer is null", Program: "vcall.cpp", Args: []string{"vptr_null"}, Want: want(crash.KindNullDeref)},
		{Name: "vcall_vptr_noncanonical", Summary: "an object's virtual table pointer is non-canonical", Program: "vcall.cpp", Args: []string{"vptr_noncanonical"}, Flags: optimised, Want: want(crash.KindNonCanonicalAccess)},
	}
}
