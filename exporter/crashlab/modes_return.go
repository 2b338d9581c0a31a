package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// Compiler flags of the variants.
var (
	optimised     = []string{"-O2"}
	framePointers = []string{"-O2", "-fno-omit-frame-pointer"}
	noPIE         = []string{"-O2", "-no-pie", "-fno-pie"}
	static        = []string{"-O2", "-static"}
	staticPIE     = []string{"-O2", "-static-pie", "-fPIE"}
	shadowStack   = []string{"-O2", "-fcf-protection=full"}
)

// returnModes are functions that return to somewhere that is not their caller.
func returnModes() []Mode {
	null := want(crash.KindReturnToNull)
	return []Mode{
		{Name: "return_null_o2", Summary: "returns to 0, no frame pointer", Program: "return.c", Args: []string{"to", "null"}, Flags: optimised, Want: null},
		{Name: "return_null_fp", Summary: "returns to 0, -O2 with frame pointers", Program: "return.c", Args: []string{"to", "null"}, Flags: framePointers, Want: null},
		{Name: "return_null_nopie", Summary: "returns to 0, not position-independent", Program: "return.c", Args: []string{"to", "null"}, Flags: noPIE, Want: null},
		{Name: "return_null_static", Summary: "returns to 0, statically linked", Program: "return.c", Args: []string{"to", "null"}, Flags: static, Want: null},
		{Name: "return_null_static_pie", Summary: "returns to 0, static and position-independent", Program: "return.c", Args: []string{"to", "null"}, Flags: staticPIE, Want: null},
		{Name: "return_null_cet", Summary: "returns to 0, compiled for indirect branch tracking", Program: "return.c", Args: []string{"to", "null"}, Flags: shadowStack, Want: null},
		{Name: "return_null_callback", Summary: "qsort's comparator returns to 0", Program: "callback.c", Args: []string{"return"}, Flags: optimised, Want: null},
		{Name: "smash_zero_o2", Summary: "a loop writes zeros over the stack frame", Program: "return.c", Args: []string{"smash", "0"}, Flags: optimised, Want: null},
		{Name: "smash_text", Summary: "a loop writes 'A' over the stack frame", Program: "return.c", Args: []string{"smash", "65"}, Want: want(crash.KindBadReturn)},
		{Name: "return_heap_o2", Summary: "returns to the heap", Program: "return.c", Args: []string{"to", "heap"}, Flags: optimised, Want: want(crash.KindReturnToNonexec)},
		{Name: "return_stack", Summary: "returns to the stack", Program: "return.c", Args: []string{"to", "stack"}, Want: want(crash.KindReturnToNonexec)},
		{Name: "return_rodata", Summary: "returns to constant data", Program: "return.c", Args: []string{"to", "rodata"}, Flags: optimised, Want: want(crash.KindReturnToNonexec)},
		{Name: "return_small", Summary: "returns to 0x2a", Program: "return.c", Args: []string{"to", "small"}, Want: want(crash.KindBadReturn)},
		{Name: "return_unmapped", Summary: "returns to an unmapped address", Program: "return.c", Args: []string{"to", "unmapped"}, Flags: optimised, Want: want(crash.KindBadReturn)},
		{Name: "return_noncanonical_o2", Summary: "returns to a non-canonical address", Program: "return.c", Args: []string{"to", "noncanonical"}, Flags: optimised, Want: want(crash.KindBadReturn)},
		{Name: "return_flip33", Summary: "bit 33 of the return address is flipped", Program: "return.c", Args: []string{"flip", "33"}, Want: want(crash.KindBadReturn)},
		{Name: "return_flip40", Summary: "bit 40 of the return address is flipped", Program: "return.c", Args: []string{"flip", "40"}, Flags: optimised, Want: want(crash.KindBadReturn)},
		{Name: "return_flip47", Summary: "bit 47 of the return address is flipped: non-canonical", Program: "return.c", Args: []string{"flip", "47"}, Flags: optimised, Want: want(crash.KindBadReturn)},
		{Name: "return_flip62", Summary: "bit 62 of the return address is flipped: non-canonical", Program: "return.c", Args: []string{"flip", "62"}, Want: want(crash.KindBadReturn)},
		{Name: "return_flip26_nopie", Summary: "bit 26 of a low return address is flipped", Program: "return.c", Args: []string{"flip", "26"}, Flags: noPIE, Want: want(crash.KindBadReturn)},
		{Name: "setcontext_null", Summary: "setcontext restores a program counter of 0", Program: "fiber.c", Args: []string{"setcontext", "null"}, Flags: optimised, Want: null},
		{Name: "setcontext_heap", Summary: "setcontext restores a program counter in the heap", Program: "fiber.c", Args: []string{"setcontext", "heap"}, Flags: optimised, Want: want(crash.KindReturnToNonexec)},
	}
}
