package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// stackModes crash on stacks other than the main thread's.
func stackModes() []Mode {
	null := want(crash.KindReturnToNull)
	return []Mode{
		{Name: "threads2_return", Summary: "one of 2 threads returns to 0", Program: "threads.c", Args: []string{"2", "1", "return"}, Flags: optimised, Want: null},
		{Name: "threads64_return", Summary: "one of 64 threads returns to 0", Program: "threads.c", Args: []string{"64", "40", "return"}, Flags: optimised, Want: null},
		{Name: "threads8_main_return", Summary: "the main thread of 8 returns to 0", Program: "threads.c", Args: []string{"8", "-1", "return"}, Want: null},
		{Name: "threads8_call", Summary: "one of 8 threads calls null", Program: "threads.c", Args: []string{"8", "3", "call"}, Flags: optimised, Want: want(crash.KindNullCall)},
		{Name: "threads8_read", Summary: "one of 8 threads reads null", Program: "threads.c", Args: []string{"8", "7", "read"}, Want: want(crash.KindNullDeref)},
		{Name: "threads4_abort", Summary: "one of 4 threads aborts", Program: "threads.c", Args: []string{"4", "2", "abort"}, Flags: optimised, Want: want(crash.KindAbort)},
		{Name: "threads4_altstack_return", Summary: "one of 4 threads returns to 0; a handler on its own stack raises and dies there", Program: "threads.c", Args: []string{"4", "2", "return", "altstack"}, Flags: optimised, Want: null.noted(throughHandler)},
		{Name: "fiber_heap_return", Summary: "a fiber whose stack is on the heap returns to 0", Program: "fiber.c", Args: []string{"heap", "return"}, Flags: optimised, Want: null},
		{Name: "fiber_mmap_return", Summary: "a fiber whose stack is a mapping returns to 0", Program: "fiber.c", Args: []string{"mmap", "return"}, Want: null},
		{Name: "fiber_heap_call", Summary: "a fiber whose stack is on the heap calls null", Program: "fiber.c", Args: []string{"heap", "call"}, Flags: optimised, Want: want(crash.KindNullCall)},
		{Name: "fiber_mmap_read", Summary: "a fiber whose stack is a mapping reads null", Program: "fiber.c", Args: []string{"mmap", "read"}, Flags: optimised, Want: want(crash.KindNullDeref)},
	}
}
