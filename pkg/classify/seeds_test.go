package classify

import (
	"debug/elf"
	"io"
	"testing"

	"github.com/epicurve/epicurve/pkg/coretest"
)

// seedCores are small whole core files of several machines for the fuzzer.
func seedCores(tb testing.TB) [][]byte {
	tb.Helper()
	var out [][]byte
	for _, c := range []struct {
		machine elf.Machine
		regs    map[string]uint64
	}{
		{elf.EM_X86_64, map[string]uint64{"rip": 0, "rsp": 0x7000, "rbp": 0x7080}},
		{elf.EM_X86_64, map[string]uint64{"rip": 0x2a, "rsp": 0x7008}},
		{elf.EM_X86_64, map[string]uint64{"rip": 0x20010, "rsp": 0x7008, "rax": 1 << 60}},
		{elf.EM_386, map[string]uint64{"eip": 0, "esp": 0x700c}},
		{elf.EM_AARCH64, map[string]uint64{"pc": 0, "sp": 0x7000, "x30": 0x20010}},
		{elf.EM_RISCV, map[string]uint64{"pc": 0, "sp": 0x7000}},
		{elf.EM_S390, map[string]uint64{"psw_addr": 0, "r15": 0x7000}},
	} {
		img, err := coretest.Build(coretest.Core{
			Machine: c.machine, PageAlign: -1,
			Threads: []coretest.Thread{{ID: 7, Registers: c.regs, Signal: sigSEGV}},
			Signal:  &coretest.Signal{Number: sigSEGV, Code: 1},
			Process: &coretest.Process{PID: 7, Name: "leafd"},
			Auxv:    [][2]uint64{{auxEntry, 0x20000}},
			Files:   []coretest.File{{Start: 0x20000, End: 0x21000, Path: "/srv/leafd"}},
			Segments: []coretest.Segment{
				{Start: 0x6f00, Size: 0x200, Flags: elf.PF_R | elf.PF_W, Data: make([]byte, 0x200)},
				{Start: 0x20000, Size: 0x1000, Flags: elf.PF_R | elf.PF_X, Data: []byte{0xff, 0xd0, 0x90, 0xc3, 0xe8, 0, 0, 0, 0, 0x90}},
			},
		})
		if err != nil {
			tb.Fatal(err)
		}
		b, err := io.ReadAll(io.NewSectionReader(img, 0, img.Size()))
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}
