package corefile_test

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// port is one kind of machine, with the registers that matter most.
type port struct {
	machine        elf.Machine
	class          elf.Class
	order          binary.ByteOrder
	pc, sp, fp, lr string
}

var ports = []port{
	{elf.EM_X86_64, elf.ELFCLASS64, binary.LittleEndian, "rip", "rsp", "rbp", ""},
	{elf.EM_X86_64, elf.ELFCLASS32, binary.LittleEndian, "rip", "rsp", "rbp", ""},
	{elf.EM_386, elf.ELFCLASS32, binary.LittleEndian, "eip", "esp", "ebp", ""},
	{elf.EM_AARCH64, elf.ELFCLASS64, binary.LittleEndian, "pc", "sp", "x29", "x30"},
	{elf.EM_AARCH64, elf.ELFCLASS64, binary.BigEndian, "pc", "sp", "x29", "x30"},
	{elf.EM_ARM, elf.ELFCLASS32, binary.LittleEndian, "pc", "sp", "fp", "lr"},
	{elf.EM_ARM, elf.ELFCLASS32, binary.BigEndian, "pc", "sp", "fp", "lr"},
	{elf.EM_RISCV, elf.ELFCLASS64, binary.LittleEndian, "pc", "sp", "s0", "ra"},
	{elf.EM_RISCV, elf.ELFCLASS32, binary.LittleEndian, "pc", "sp", "s0", "ra"},
	{elf.EM_PPC64, elf.ELFCLASS64, binary.LittleEndian, "nip", "gpr1", "", "link"},
	{elf.EM_PPC64, elf.ELFCLASS64, binary.BigEndian, "nip", "gpr1", "", "link"},
	{elf.EM_PPC, elf.ELFCLASS32, binary.BigEndian, "nip", "gpr1", "", "link"},
	{elf.EM_S390, elf.ELFCLASS64, binary.BigEndian, "psw_addr", "r15", "", "r14"},
	{elf.EM_LOONGARCH, elf.ELFCLASS64, binary.LittleEndian, "csr_era", "r3", "r22", "r1"},
}

func (p port) String() string { return fmt.Sprintf("%v-%v-%v", p.machine, p.class, p.order) }

// core is an ordinary crash on the machine: a stack, an executable with a
// build id, and a distinct value in every register.
func (p port) core(t testing.TB) coretest.Core {
	t.Helper()
	page, err := coretest.ModulePage(p.machine, p.class, p.order, []byte{0xab, 0xcd, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	stack := make([]byte, 0x2000)
	for i := range stack {
		stack[i] = byte(i >> 4)
	}
	return coretest.Core{
		Machine: p.machine, Class: p.class, Order: p.order,
		Threads: []coretest.Thread{{ID: 4242, Signal: 11, Registers: p.registers(t)}},
		Signal:  &coretest.Signal{Number: 11, Code: 1, Addr: 0xdead0},
		Process: &coretest.Process{PID: 4241, PPID: 7, UID: 1000, GID: 1001, Name: "victim", Args: "victim --x"},
		Auxv:    [][2]uint64{{3, 0x400040}, {6, 4096}, {9, 0x401100}},
		Files: []coretest.File{
			{Start: 0x400000, End: 0x401000, Path: "/bin/victim"},
			{Start: 0x401000, End: 0x402000, Offset: 0x1000, Path: "/bin/victim"},
		},
		Segments: []coretest.Segment{
			{Start: 0x400000, Size: 0x1000, Flags: elf.PF_R, Data: page},
			{Start: 0x401000, Size: 0x1000, Flags: elf.PF_R | elf.PF_X},
			{Start: 0x7ff00000, Size: 0x2000, Flags: elf.PF_R | elf.PF_W, Data: stack},
		},
	}
}

// registers gives every register its own value; the names come from reading a
// core with all registers zero.
func (p port) registers(t testing.TB) map[string]uint64 {
	t.Helper()
	img := coretest.Must(coretest.Core{Machine: p.machine, Class: p.class, Order: p.order, Threads: []coretest.Thread{{}}})
	f, err := corefile.Read(img, img.Size(), corefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	regs := map[string]uint64{}
	for i, name := range f.Thread.Registers.Names {
		regs[name] = uint64(0x1000 + i)
	}
	regs[p.pc], regs[p.sp] = 0x401234, 0x7ff00800
	return regs
}

func TestReadEveryMachine(t *testing.T) {
	for _, p := range ports {
		t.Run(p.String(), func(t *testing.T) {
			c := p.core(t)
			img := coretest.Must(c)
			f, err := corefile.Read(img, img.Size(), corefile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := &f.Thread.Registers
			for name, want := range c.Threads[0].Registers {
				if got, ok := r.Value(name); !ok || got != want {
					t.Errorf("%s = %#x, %v; want %#x", name, got, ok, want)
				}
			}
			checkRole(t, "pc", r.PC, true, p.pc, c)
			checkRole(t, "sp", r.SP, true, p.sp, c)
			checkRole(t, "fp", r.FP, r.HasFP, p.fp, c)
			checkRole(t, "lr", r.LR, r.HasLR, p.lr, c)
			if f.Thread.ID != 4242 || f.ThreadCount != 1 || !f.ThreadsComplete {
				t.Errorf("thread %d of %d (%v)", f.Thread.ID, f.ThreadCount, f.ThreadsComplete)
			}
			wantSignal := corefile.Signal{Number: 11, HasInfo: true, Code: 1, Addr: 0xdead0, HasAddr: true}
			if f.Signal != wantSignal {
				t.Errorf("signal %+v, want %+v", f.Signal, wantSignal)
			}
			wantProcess := corefile.Process{PID: 4241, PPID: 7, UID: 1000, GID: 1001, Name: "victim"}
			if f.Process != wantProcess {
				t.Errorf("process %+v, want %+v", f.Process, wantProcess)
			}
			if f.Auxv[9] != 0x401100 || len(f.Auxv) != 3 {
				t.Errorf("auxv %v", f.Auxv)
			}
			if len(f.Files) != 2 || f.Files[1] != (corefile.MappedFile{Start: 0x401000, End: 0x402000, Offset: 0x1000, Path: "/bin/victim"}) {
				t.Errorf("files %+v", f.Files)
			}
			if f.ExecutableBuildID != "abcd0102" || f.PCBuildID != "abcd0102" {
				t.Errorf("build ids %q, %q", f.ExecutableBuildID, f.PCBuildID)
			}
			if b, ok := f.Memory.Bytes(0x7ff00800-256, 3584); !ok || b[0] != 0x70 || b[256] != 0x80 {
				t.Errorf("stack window: %v %x", ok, b[:min(len(b), 4)])
			}
			if f.Producer != "kernel" || f.Truncated || f.Incomplete != "" {
				t.Errorf("producer %q, truncated %v, incomplete %q", f.Producer, f.Truncated, f.Incomplete)
			}
		})
	}
}

// checkRole checks one of PC, SP, FP and LR; name is "" where the machine has
// no such register.
func checkRole(t *testing.T, role string, got uint64, has bool, name string, c coretest.Core) {
	t.Helper()
	if has != (name != "") || (has && got != c.Threads[0].Registers[name]) {
		t.Errorf("%s = %#x, %v; want %s", role, got, has, name)
	}
}

func TestReadRefusesOtherMachines(t *testing.T) {
	img := coretest.Must(ports[0].core(t)).Put16(18, uint16(elf.EM_SPARCV9))
	_, err := corefile.Read(img, img.Size(), corefile.Options{})
	wantReason(t, err, corefile.ReasonUnsupported, corefile.ErrUnsupported)
}

// elfutilsNames are registers that eu-readelf calls otherwise.
var elfutilsNames = map[string]string{
	"eflags": "rflags", "fs_base": "fs.base", "gs_base": "gs.base", "psw_mask": "pswm", "psw_addr": "pswa",
	"orig_gpr2": "orig_r2", "link": "lr", "ccr": "cr", "orig_gpr3": "orig_gpr3",
}

func elfutilsName(name string) string {
	if other, ok := elfutilsNames[name]; ok {
		return other
	}
	for ours, theirs := range map[string]string{"gpr": "r", "acr": "a"} {
		if n, ok := strings.CutPrefix(name, ours); ok {
			return theirs + n
		}
	}
	return name
}

// TestAgainstElfutils holds the register layouts to an implementation that
// shares nothing with ours.
func TestAgainstElfutils(t *testing.T) {
	tool, err := exec.LookPath("eu-readelf")
	if err != nil {
		t.Skip("eu-readelf is not installed")
	}
	for _, p := range ports {
		if p.machine == elf.EM_LOONGARCH || (p.machine == elf.EM_X86_64 && p.class == elf.ELFCLASS32) {
			continue // elfutils does not print their registers
		}
		t.Run(p.String(), func(t *testing.T) {
			c := p.core(t)
			path := filepath.Join(t.TempDir(), "core")
			if err := os.WriteFile(path, coretest.Must(c).Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(tool, "-n", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			printed := elfutilsRegisters(string(out))
			missing := 0
			for name, want := range c.Threads[0].Registers {
				got, ok := printed[elfutilsName(name)]
				switch {
				case !ok:
					missing++
				case got != want:
					t.Errorf("%s: eu-readelf says %#x, written as %#x", name, got, want)
				}
			}
			if missing > len(c.Threads[0].Registers)/2 {
				t.Errorf("eu-readelf printed only %d of %d registers:\n%s", len(printed), len(c.Threads[0].Registers), out)
			}
		})
	}
}

var registerText = regexp.MustCompile(`([a-z_0-9.]+):\s+(0x[0-9a-f]+|-?\d+)\b`)

func elfutilsRegisters(out string) map[string]uint64 {
	from, to := strings.Index(out, "fpvalid"), strings.Index(out, "PRPSINFO")
	if line := strings.LastIndexByte(out[:max(from, 0)], '\n'); line > 0 {
		from = line
	}
	regs := map[string]uint64{}
	for _, m := range registerText.FindAllStringSubmatch(out[max(from, 0):max(to, from, 0)], -1) {
		if v, err := strconv.ParseInt(m[2], 0, 64); err == nil {
			regs[m[1]] = uint64(v)
		}
	}
	return regs
}
