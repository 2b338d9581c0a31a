package corefile

import (
	"debug/elf"
	"strings"
)

// layout says where the registers stand in NT_PRSTATUS (struct elf_prstatus,
// include/linux/elfcore.h): a header whose size depends on the class, then the
// machine's elf_gregset_t.
type layout struct {
	machine elf.Machine
	class   elf.Class
	names   []string
	sizes   []byte // of each register in bytes; nil when all are a word
	pc, sp  string
	fp, lr  string // "" when the machine has none
}

// Offsets within struct elf_prstatus (64-bit) and compat_elf_prstatus (32-bit,
// include/linux/elfcore-compat.h): pr_info (3 ints), pr_cursig (short),
// pr_sigpend, pr_sighold (long), pr_pid, ... (4 ints), four timevals, pr_reg.
const (
	prCursig  = 12
	prPid64   = 32
	prPid32   = 24
	prRegs64  = 112
	prRegs32  = 72
	maxStatus = 4096 // no machine has a larger elf_prstatus
)

var (
	namesX86  = strings.Fields("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs")
	namesI386 = strings.Fields("ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss")
	namesA64  = append(numbered("x", 31), "sp", "pc", "pstate")
	namesARM  = strings.Fields("r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 fp ip sp lr pc cpsr orig_r0")
	namesRV   = strings.Fields("pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6")
	namesPPC  = append(numbered("gpr", 32), strings.Fields("nip msr orig_gpr3 ctr link xer ccr softe trap dar dsisr result")...)
	namesS390 = append(append([]string{"psw_mask", "psw_addr"}, numbered("r", 16)...), append(numbered("acr", 16), "orig_gpr2")...)
	namesLA   = append(numbered("r", 32), "orig_a0", "csr_era", "csr_badv")
)

// layouts lists the machines whose cores can be read; the comment of each line
// names the kernel header that defines its register set.
var layouts = []layout{
	// arch/x86/include/asm/user_64.h, struct user_regs_struct
	{machine: elf.EM_X86_64, class: elf.ELFCLASS64, names: namesX86, pc: "rip", sp: "rsp", fp: "rbp"},
	// x32: the header of a 32-bit core, the registers of a 64-bit one
	{machine: elf.EM_X86_64, class: elf.ELFCLASS32, names: namesX86, sizes: same(27, 8), pc: "rip", sp: "rsp", fp: "rbp"},
	// arch/x86/include/asm/user_32.h, struct user_regs_struct
	{machine: elf.EM_386, class: elf.ELFCLASS32, names: namesI386, pc: "eip", sp: "esp", fp: "ebp"},
	// arch/arm64/include/uapi/asm/ptrace.h, struct user_pt_regs
	{machine: elf.EM_AARCH64, class: elf.ELFCLASS64, names: namesA64, pc: "pc", sp: "sp", fp: "x29", lr: "x30"},
	// arch/arm/include/uapi/asm/ptrace.h, uregs[18]
	{machine: elf.EM_ARM, class: elf.ELFCLASS32, names: namesARM, pc: "pc", sp: "sp", fp: "fp", lr: "lr"},
	// arch/riscv/include/uapi/asm/ptrace.h, struct user_regs_struct
	{machine: elf.EM_RISCV, class: elf.ELFCLASS64, names: namesRV, pc: "pc", sp: "sp", fp: "s0", lr: "ra"},
	{machine: elf.EM_RISCV, class: elf.ELFCLASS32, names: namesRV, pc: "pc", sp: "sp", fp: "s0", lr: "ra"},
	// arch/powerpc/include/uapi/asm/ptrace.h, struct pt_regs; gpr1 is the
	// stack pointer and also the frame chain (ELF v2 ABI, section 2.2.2)
	{machine: elf.EM_PPC64, class: elf.ELFCLASS64, names: namesPPC, pc: "nip", sp: "gpr1", lr: "link"},
	{machine: elf.EM_PPC, class: elf.ELFCLASS32, names: namesPPC, pc: "nip", sp: "gpr1", lr: "link"},
	// arch/s390/include/uapi/asm/ptrace.h, s390_regs: psw, gprs, acrs, orig_gpr2
	{machine: elf.EM_S390, class: elf.ELFCLASS64, names: namesS390, sizes: sizesS390(), pc: "psw_addr", sp: "r15", lr: "r14"},
	// arch/loongarch/include/uapi/asm/ptrace.h, struct user_pt_regs
	{machine: elf.EM_LOONGARCH, class: elf.ELFCLASS64, names: namesLA, pc: "csr_era", sp: "r3", fp: "r22", lr: "r1"},
}

func numbered(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = prefix + itoa(i)
	}
	return names
}

func itoa(i int) string {
	if i >= 10 {
		return string([]byte{byte('0' + i/10), byte('0' + i%10)})
	}
	return string([]byte{byte('0' + i)})
}

func same(n int, size byte) []byte {
	s := make([]byte, n)
	for i := range s {
		s[i] = size
	}
	return s
}

// sizesS390: psw (two words), 16 general registers, 16 access registers of
// four bytes, orig_gpr2.
func sizesS390() []byte {
	s := same(35, 8)
	for i := 18; i < 34; i++ {
		s[i] = 4
	}
	return s
}

// layoutOf returns the register layout of a machine, nil when it has none here.
func layoutOf(h *header) *layout {
	for i := range layouts {
		if layouts[i].machine == h.machine && layouts[i].class == h.class {
			return &layouts[i]
		}
	}
	return nil
}

// size is the length of the register set in bytes.
func (l *layout) size(word int) int {
	if l.sizes == nil {
		return word * len(l.names)
	}
	n := 0
	for _, s := range l.sizes {
		n += int(s)
	}
	return n
}

// decode reads a register set, which must be at least size bytes.
func (l *layout) decode(h *header, b []byte) Registers {
	r := Registers{Names: l.names, Values: make([]uint64, len(l.names))}
	word := byte(h.word())
	for i := range r.Values {
		n := word
		if l.sizes != nil {
			n = l.sizes[i]
		}
		if n == 8 {
			r.Values[i] = h.order.Uint64(b)
		} else {
			r.Values[i] = uint64(h.order.Uint32(b))
		}
		b = b[n:]
	}
	return l.fill(r)
}

// fill sets PC, SP, FP and LR from the named values.
func (l *layout) fill(r Registers) Registers {
	r.PC, _ = r.Value(l.pc)
	r.SP, _ = r.Value(l.sp)
	if l.fp != "" {
		r.FP, r.HasFP = r.Value(l.fp)
	}
	if l.lr != "" {
		r.LR, r.HasLR = r.Value(l.lr)
	}
	return r
}
