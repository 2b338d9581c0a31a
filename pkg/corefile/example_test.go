package corefile_test

import (
	"debug/elf"
	"fmt"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// A function returned to address 0: the word below the stack pointer, which it
// popped, is known because the kernel dumped the stack.
func ExampleRead() {
	img := coretest.Must(coretest.Core{
		Machine: elf.EM_X86_64,
		Threads: []coretest.Thread{{ID: 7152, Registers: map[string]uint64{"rip": 0, "rsp": 0x7ffd_0010}}},
		Signal:  &coretest.Signal{Number: 11, Code: 1},
		Segments: []coretest.Segment{{
			Start: 0x7ffd_0000, Size: 0x1000, Flags: elf.PF_R | elf.PF_W,
			Data: coretest.Words(0xaaaa, 0x0, 0xbbbb),
		}},
	})

	facts, err := corefile.Read(img, img.Size(), corefile.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	regs := facts.Thread.Registers
	below, known := facts.Memory.Word(regs.SP - 8)
	fmt.Printf("signal %d at pc %#x, sp %#x\n", facts.Signal.Number, regs.PC, regs.SP)
	fmt.Printf("word below sp: %#x, known %v\n", below, known)
	_, known = facts.Memory.Word(0x1234)
	fmt.Printf("word of memory that was not dumped: known %v\n", known)
	// Output:
	// signal 11 at pc 0x0, sp 0x7ffd0010
	// word below sp: 0x0, known true
	// word of memory that was not dumped: known false
}

// What is not a usable core is told apart by a closed set of reasons.
func ExampleError() {
	img := coretest.Must(coretest.Core{Machine: elf.EM_AARCH64, Threads: []coretest.Thread{{ID: 1}}})
	img.Truncate(150)
	_, err := corefile.Read(img, img.Size(), corefile.Options{})
	fmt.Println(err)
	// Output:
	// core file is truncated: within the notes at offset 150
}
