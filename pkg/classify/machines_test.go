package classify

import (
	"debug/elf"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
	"github.com/epicurve/epicurve/pkg/crash"
)

// TestLinkRegisterMachines writes cores of every machine with a link register
// and reads them back: a return to null, one to the heap, a call of null, and a
// read of null.
func TestLinkRegisterMachines(t *testing.T) {
	const text, stack, heap = 0x20000, 0x70000, 0x40000
	for _, m := range []struct {
		name       string
		machine    elf.Machine
		pc, sp, lr string
	}{
		{"arm64", elf.EM_AARCH64, "pc", "sp", "x30"},
		{"riscv64", elf.EM_RISCV, "pc", "sp", "ra"},
		{"ppc64le", elf.EM_PPC64, "nip", "gpr1", "link"},
		{"s390x", elf.EM_S390, "psw_addr", "r15", "r14"},
		{"arm", elf.EM_ARM, "pc", "sp", "lr"},
		{"loong64", elf.EM_LOONGARCH, "csr_era", "r3", "r1"},
	} {
		for _, c := range []struct {
			name       string
			pc, lr, sp uint64
			addr       uint64
			kind       crash.Kind
		}{
			{"return to null", 0, 0, stack + 0x100, 0, crash.KindReturnToNull},
			{"return to heap", heap, heap, stack + 0x100, heap, crash.KindReturnToNonexec},
			{"return to unmapped", 0x990000, 0x990000, stack + 0x100, 0x990000, crash.KindBadReturn},
			{"call of null", 0, text + 0x40, stack + 0x100, 0, crash.KindNullCall},
			{"call of heap", heap, text + 0x40, stack + 0x100, heap, crash.KindBadCall},
			{"read of null", text + 0x80, text + 0x40, stack + 0x100, 8, crash.KindNullDeref},
		} {
			t.Run(m.name+"/"+c.name, func(t *testing.T) {
				img := coretest.Must(coretest.Core{
					Machine: m.machine,
					Threads: []coretest.Thread{{ID: 7, Signal: sigSEGV, Registers: map[string]uint64{m.pc: c.pc, m.sp: c.sp, m.lr: c.lr}}},
					Signal:  &coretest.Signal{Number: sigSEGV, Code: 1, Addr: c.addr},
					Process: &coretest.Process{PID: 7, Name: "leafd"},
					Auxv:    [][2]uint64{{auxEntry, text}},
					Files:   []coretest.File{{Start: text, End: text + 0x1000, Path: "/srv/leafd"}},
					Segments: []coretest.Segment{
						{Start: text, Size: 0x1000, Flags: elf.PF_R | elf.PF_X},
						{Start: heap, Size: 0x1000, Flags: elf.PF_R | elf.PF_W},
						{Start: stack, Size: 0x1000, Flags: elf.PF_R | elf.PF_W, Dumped: 0x1000},
					},
				})
				f, err := corefile.Read(img, img.Size(), corefile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				rec := Record(f, Options{})
				if rec.Finding.Kind != c.kind {
					t.Errorf("kind %s, want %s\n%q", rec.Finding.Kind, c.kind, rec.Finding.Reasons)
				}
				if rec.Fault.Arch != m.name {
					t.Errorf("arch %q, want %q", rec.Fault.Arch, m.name)
				}
			})
		}
	}
}
