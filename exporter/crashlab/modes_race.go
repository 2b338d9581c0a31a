package crashlab

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// raceModes wait for the genuine libunwind race, which may take minutes. Each
// needs libunwind 1.6.2 or older with its headers.
func raceModes() []Mode {
	var modes []Mode
	for i, flags := range [][]string{{"-O1"}, {"-O2"}, {"-O0"}, {"-O2", "-no-pie", "-fno-pie"}} {
		modes = append(modes, Mode{
			Name:    fmt.Sprintf("unwind_race_%d", i+1),
			Summary: "a signal overwrites what libunwind's setcontext is about to return to",
			Program: "unwind_race.cpp",
			Args:    []string{"2", "280"},
			Flags:   append(flags, "-lunwind"),
			Want:    want(crash.KindReturnToNull).noted("real libunwind setcontext race"),
		})
	}
	return modes
}
