package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// accessModes read or write through a bad pointer, or run out of stack.
func accessModes() []Mode {
	overflow := want(crash.KindStackOverflow)
	return []Mode{
		{Name: "read_null_o2", Summary: "reads a null pointer", Program: "access.c", Args: []string{"read", "null"}, Flags: optimised, Want: want(crash.KindNullDeref)},
		{Name: "read_null_nopie", Summary: "reads a null pointer, not position-independent", Program: "access.c", Args: []string{"read", "null"}, Flags: noPIE, Want: want(crash.KindNullDeref)},
		{Name: "read_null_static", Summary: "reads a null pointer, statically linked", Program: "access.c", Args: []string{"read", "null"}, Flags: static, Want: want(crash.KindNullDeref)},
		{Name: "write_null", Summary: "writes a null pointer", Program: "access.c", Args: []string{"write", "null"}, Want: want(crash.KindNullDeref)},
		{Name: "field_of_null", Summary: "reads a field at offset 280 of a null object", Program: "access.c", Args: []string{"field", "null"}, Flags: optimised, Want: want(crash.KindNullDeref)},
		{Name: "read_null_callback", Summary: "qsort's comparator reads a null pointer", Program: "callback.c", Args: []string{"read"}, Flags: optimised, Want: want(crash.KindNullDeref)},
		{Name: "read_unmapped", Summary: "reads an unmapped address", Program: "access.c", Args: []string{"read", "unmapped"}, Flags: optimised, Want: want(crash.KindWildAccess)},
		{Name: "write_unmapped", Summary: "writes an unmapped address", Program: "access.c", Args: []string{"write", "unmapped"}, Want: want(crash.KindWildAccess)},
		{Name: "read_kernel", Summary: "reads an address of the kernel", Program: "access.c", Args: []string{"read", "kernel"}, Flags: optimised, Want: want(crash.KindWildAccess)},
		{Name: "read_noncanonical_o2", Summary: "reads a non-canonical address", Program: "access.c", Args: []string{"read", "noncanonical"}, Flags: optimised, Want: want(crash.KindNonCanonicalAccess)},
		{Name: "write_noncanonical", Summary: "writes a non-canonical address", Program: "access.c", Args: []string{"write", "noncanonical"}, Want: want(crash.KindNonCanonicalAccess)},
		{Name: "write_rodata", Summary: "writes constant data", Program: "access.c", Args: []string{"write", "rodata"}, Flags: optimised, Want: want(crash.KindProtectionFault)},
		{Name: "write_text", Summary: "writes the program's text", Program: "access.c", Args: []string{"write", "text"}, Want: want(crash.KindProtectionFault)},
		{Name: "overflow_o2", Summary: "recurses for ever, no frame pointer", Program: "overflow.c", Args: []string{"main"}, Flags: optimised, Want: overflow},
		{Name: "overflow_array", Summary: "an array larger than the stack", Program: "overflow.c", Args: []string{"array"}, Flags: optimised, Want: overflow},
		{Name: "overflow_thread", Summary: "a thread recurses into its guard page", Program: "overflow.c", Args: []string{"thread"}, Want: overflow},
	}
}
