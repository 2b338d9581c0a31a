package coretest

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

// machine is a port of Linux as far as its core files go. regs gives the byte
// offset of each register within elf_gregset_t, written as "name@offset" where
// it does not follow the register before it directly, and "name/4" where it
// has four bytes and not a word.
type machine struct {
	machine elf.Machine
	class   elf.Class
	order   binary.ByteOrder
	regs    string
	size    int // of elf_gregset_t
	word    int // of a register
}

var machines = []machine{
	{elf.EM_X86_64, elf.ELFCLASS64, binary.LittleEndian, "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax@120 rip@128 cs eflags rsp@152 ss fs_base gs_base ds es fs gs", 216, 8},
	{elf.EM_X86_64, elf.ELFCLASS32, binary.LittleEndian, "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax@120 rip@128 cs eflags rsp@152 ss fs_base gs_base ds es fs gs", 216, 8},
	{elf.EM_386, elf.ELFCLASS32, binary.LittleEndian, "ebx ecx edx esi edi ebp eax ds es fs gs orig_eax@44 eip@48 cs eflags esp@60 ss", 68, 4},
	{elf.EM_AARCH64, elf.ELFCLASS64, binary.LittleEndian, run("x", 31) + " sp@248 pc@256 pstate", 272, 8},
	{elf.EM_ARM, elf.ELFCLASS32, binary.LittleEndian, run("r", 11) + " fp@44 ip sp@52 lr@56 pc@60 cpsr orig_r0", 72, 4},
	{elf.EM_RISCV, elf.ELFCLASS64, binary.LittleEndian, "pc ra sp@16 gp tp t0 t1 t2 s0@64 s1 a0@80 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3@224 t4 t5 t6", 256, 8},
	{elf.EM_RISCV, elf.ELFCLASS32, binary.LittleEndian, "pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6", 128, 4},
	{elf.EM_PPC64, elf.ELFCLASS64, binary.LittleEndian, run("gpr", 32) + " nip@256 msr orig_gpr3 ctr link@288 xer ccr softe trap@320 dar dsisr result", 384, 8},
	{elf.EM_PPC, elf.ELFCLASS32, binary.BigEndian, run("gpr", 32) + " nip@128 msr orig_gpr3 ctr link@144 xer ccr softe trap dar dsisr result", 192, 4},
	{elf.EM_S390, elf.ELFCLASS64, binary.BigEndian, "psw_mask psw_addr@8 " + run("r", 16) + run("acr", 16, "/4") + " orig_gpr2@208", 216, 8},
	{elf.EM_LOONGARCH, elf.ELFCLASS64, binary.LittleEndian, run("r", 32) + " orig_a0@256 csr_era@264 csr_badv@272", 360, 8},
}

func run(prefix string, n int, suffix ...string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " %s%d%s", prefix, i, strings.Join(suffix, ""))
	}
	return b.String()
}

// machineOf returns the machine's first port, or that of a class.
func machineOf(m elf.Machine, class elf.Class) (machine, error) {
	for _, p := range machines {
		if p.machine == m && (class == elf.ELFCLASSNONE || class == p.class) {
			return p, nil
		}
	}
	return machine{}, fmt.Errorf("coretest: no register layout for %v, %v", m, class)
}

// gregset writes the registers of one thread.
func (c *Core) gregset(regs map[string]uint64) ([]byte, error) {
	m, err := machineOf(c.Machine, c.Class)
	if err != nil {
		return nil, err
	}
	b := make([]byte, m.size)
	at, used := 0, 0
	for f := range strings.FieldsSeq(m.regs) {
		name, offset, ok := strings.Cut(f, "@")
		if ok {
			if _, err := fmt.Sscan(offset, &at); err != nil {
				return nil, err
			}
		}
		width := m.word
		if name, ok = strings.CutSuffix(name, "/4"); ok {
			width = 4
		}
		if v, ok := regs[name]; ok {
			used++
			if width == 4 {
				c.Order.PutUint32(b[at:], uint32(v))
			} else {
				c.Order.PutUint64(b[at:], v)
			}
		}
		at += width
	}
	if used != len(regs) {
		return nil, fmt.Errorf("coretest: %v has no register of one of the names in %v", c.Machine, regs)
	}
	return b, nil
}
