package crashlab

import (
	"fmt"
	"strconv"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Threads is a return to 0 in one of n threads.
func Threads(n int) Mode {
	return Mode{
		Name: fmt.Sprintf("threads%d", n), Summary: fmt.Sprintf("one of %d threads returns to 0", n), Program: "threads.c",
		Args: []string{strconv.Itoa(n), strconv.Itoa(n / 2), "return"}, Flags: optimised, Want: want(crash.KindReturnToNull),
	}
}

// Memory is a return to 0 in a process that has written so many bytes of memory.
func Memory(bytes int64) Mode {
	return Mode{
		Name: fmt.Sprintf("memory%d", bytes), Summary: fmt.Sprintf("returns to 0 with %d bytes of memory", bytes), Program: "size.c",
		Args: []string{"memory", strconv.FormatInt(bytes, 10)}, Flags: optimised, Want: want(crash.KindReturnToNull),
	}
}

// Mappings is a return to 0 in a process of about n mappings, each a program
// header of the core; the kernel allows vm.max_map_count of them.
func Mappings(n int) Mode {
	return Mode{
		Name: fmt.Sprintf("mappings%d", n), Summary: fmt.Sprintf("returns to 0 with %d mappings", n), Program: "size.c",
		Args: []string{"mappings", strconv.Itoa(n)}, Flags: optimised, Want: want(crash.KindReturnToNull),
	}
}
