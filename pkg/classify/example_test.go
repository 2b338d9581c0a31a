package classify_test

import (
	"debug/elf"
	"fmt"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
	"github.com/epicurve/epicurve/pkg/crash"
)

// A process returned to address 0: sp is where a return leaves it, and the word
// just below is the zero that was popped.
func ExampleClassify() {
	img := coretest.Must(coretest.Core{
		Machine: elf.EM_X86_64,
		Threads: []coretest.Thread{{ID: 7, Signal: 11, Registers: map[string]uint64{"rip": 0, "rsp": 0x7010}}},
		Signal:  &coretest.Signal{Number: 11, Code: 1},
		Process: &coretest.Process{PID: 7, Name: "leafd"},
		Segments: []coretest.Segment{
			{Start: 0x7000, Size: 0x1000, Flags: elf.PF_R | elf.PF_W, Data: make([]byte, 0x1000)},
		},
	})
	facts, err := corefile.Read(img, img.Size(), corefile.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	finding := classify.Classify(facts, classify.Options{})
	fmt.Println(finding.Class, finding.Confidence)
	fmt.Println(finding.Signature)
	for _, reason := range finding.Reasons {
		fmt.Println("-", reason)
	}
	// Output:
	// return_to_null certain
	// return_to_null in leafd
	// - pc is 0, so control went through a null pointer or a zero return address.
	// - sp mod 16 is 0, as a return leaves it; a call or tail jump leaves 8.
	// - The word just below sp, at 0x7008, equals pc 0x0: a return has popped it.
	// - Decided by rule return_to_null, version 1.
}

// The kernel logs "leafd[7]: segfault at 0 ip 0 sp 7ffd77e22ee0 error 14".
func ExampleFromLog() {
	record := classify.FromLog(classify.LogFacts{
		Executable: "leafd", PID: 7,
		Addr: crash.Some[uint64](0), IP: crash.Some[uint64](0), SP: crash.Some[uint64](0x7ffd77e22ee0),
		ErrorCode: crash.Some[uint64](0x14),
	})
	fmt.Println(record.Finding.Class, record.Finding.Confidence)
	// Output: return_to_null likely
}
