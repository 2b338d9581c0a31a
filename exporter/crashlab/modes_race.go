package crashlab

import (
	"fmt"

	"github.com/epicurve/epicurve/pkg/crash"
)

// raceModes wait for the genuine libunwind race, which may take minutes. Each
// needs libunwind 1.6.2 or older with its headers.
func raceModes() []Mode {
	race := func(name, distance string, w Want, flags ...string) Mode {
		return Mode{
			Name: name, Summary: "a signal overwrites what libunwind's setcontext is about to return to",
			Program: "unwind_race.cpp", Args: []string{"2", "280", distance}, Flags: append(flags, "-lunwind"), Want: w,
		}
	}
	null := want(crash.KindReturnToNull).noted("real libunwind setcontext race; the signal handler's zeros lie over the context")
	stale := want(crash.KindBadReturn).noted("real libunwind setcontext race; the kernel's signal frame lies over the context, so that pc is not 0 but what was there")
	var modes []Mode
	for i, flags := range [][]string{{"-O1"}, {"-O2"}, {"-O0"}, {"-O2", "-no-pie", "-fno-pie"}} {
		modes = append(modes, race(fmt.Sprintf("unwind_race_%d", i+1), "far", null, flags...))
	}
	return append(modes, race("unwind_race_near_1", "near", stale, "-O1"), race("unwind_race_near_2", "near", stale, "-O2"))
}
