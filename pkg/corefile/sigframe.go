package corefile

import (
	"debug/elf"
	"encoding/binary"
)

// sigframe is what the kernel pushes on the stack to run a signal handler, for
// one machine. Every offset is from the frame's lowest address, which is the
// stack pointer on entry to the handler.
type sigframe struct {
	machine elf.Machine
	class   elf.Class
	size    int    // up to the end of the last field that is looked at
	step    uint64 // frames stand at addresses that are rest modulo step
	rest    uint64
	info    int // siginfo_t
	stack   int // uc_stack: ss_sp, ss_flags (int), ss_size
	regs    int // the first saved register
	names   []string
	// valid checks what must hold in every frame of the machine; b holds
	// size bytes at addr.
	valid func(h *header, b []byte, addr uint64) bool
	// number is the register with the system call number, raise the numbers
	// of the calls that send a signal: kill, tkill, tgkill, rt_sigqueueinfo,
	// rt_tgsigqueueinfo.
	number string
	raise  []uint64
}

var sigframes = []sigframe{
	// struct rt_sigframe, arch/x86/include/asm/sigframe.h; struct ucontext,
	// include/uapi/asm-generic/ucontext.h; struct sigcontext_64,
	// arch/x86/include/uapi/asm/sigcontext.h
	{
		machine: elf.EM_X86_64, class: elf.ELFCLASS64, size: 440, step: 16, rest: 8,
		info: 312, stack: 24, regs: 48,
		names: []string{"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip", "eflags"},
		valid: validX86, number: "orig_rax", raise: []uint64{62, 200, 234, 129, 297},
	},
	// struct rt_sigframe_ia32, arch/x86/include/asm/sigframe.h; struct
	// sigcontext_32 starts at 164 with gs, fs, es, ds
	{
		machine: elf.EM_386, class: elf.ELFCLASS32, size: 252, step: 4, rest: 0,
		info: 16, stack: 152, regs: 164,
		names: []string{"gs", "fs", "es", "ds", "edi", "esi", "ebp", "", "ebx", "edx", "ecx", "eax", "", "", "eip", "cs", "eflags", "esp", "ss"},
		valid: validI386, number: "orig_eax", raise: []uint64{37, 238, 270, 178, 335},
	},
	// struct rt_sigframe, arch/arm64/kernel/signal.c: siginfo, then ucontext
	// with sigcontext at 176 (arch/arm64/include/uapi/asm/ucontext.h):
	// fault_address, x0-x30, sp, pc, pstate
	{
		machine: elf.EM_AARCH64, class: elf.ELFCLASS64, size: 600, step: 16, rest: 0,
		info: 0, stack: 144, regs: 312, names: namesA64,
		valid: validA64, number: "x8", raise: []uint64{129, 130, 131, 138, 240},
	},
	// struct rt_sigframe, arch/arm/kernel/signal.h: siginfo, then ucontext
	// with sigcontext at 20 (arch/arm/include/uapi/asm/sigcontext.h):
	// trap_no, error_code, oldmask, r0-r15, cpsr
	{
		machine: elf.EM_ARM, class: elf.ELFCLASS32, size: 232, step: 8, rest: 0,
		info: 0, stack: 136, regs: 160, names: namesARM[:17],
		valid: validARM, number: "r7", raise: []uint64{37, 238, 268, 178, 363},
	},
	// struct rt_sigframe, arch/riscv/kernel/signal.c: siginfo, then ucontext
	// with the registers at 176 (arch/riscv/include/uapi/asm/ucontext.h)
	{
		machine: elf.EM_RISCV, class: elf.ELFCLASS64, size: 560, step: 16, rest: 0,
		info: 0, stack: 144, regs: 304, names: namesRV,
		valid: validRV, number: "a7", raise: []uint64{129, 130, 131, 138, 240},
	},
}

// sigframeOf returns the machine's signal frame, nil when it is not known here.
func sigframeOf(h *header) *sigframe {
	for i := range sigframes {
		if sigframes[i].machine == h.machine && sigframes[i].class == h.class {
			return &sigframes[i]
		}
	}
	return nil
}

// validX86: user code and stack selectors, interrupts on, no uc_link, and the
// FPU state 64-byte aligned just above the frame. (reserved1 is not written by
// the kernel and holds whatever the stack held.)
func validX86(_ *header, b []byte, addr uint64) bool {
	o := binary.LittleEndian
	cs, ss := o.Uint16(b[192:]), o.Uint16(b[198:])
	if cs != 0x33 || (ss != 0x2b && ss != 0) {
		return false
	}
	if flags, link := o.Uint64(b[8:]), o.Uint64(b[16:]); flags > 7 || link != 0 {
		return false
	}
	if eflags := o.Uint64(b[184:]); eflags&0x202 != 0x202 || eflags>>22 != 0 {
		return false
	}
	fp := o.Uint64(b[232:])
	return fp == 0 || (fp&63 == 0 && fp > addr && fp-addr < 64<<10)
}

// validI386: the frame holds pointers to its own siginfo and ucontext.
func validI386(_ *header, b []byte, addr uint64) bool {
	o := binary.LittleEndian
	cs := o.Uint16(b[164+4*15:])
	return uint64(o.Uint32(b[8:])) == addr+16 && uint64(o.Uint32(b[12:])) == addr+144 &&
		o.Uint32(b[4:]) == o.Uint32(b[16:]) && (cs == 0x23 || cs == 0x73) && o.Uint32(b[148:]) == 0
}

// validA64: the first record behind the registers is fpsimd_context
// (FPSIMD_MAGIC, 528 bytes), and there is no uc_link.
func validA64(h *header, b []byte, _ uint64) bool {
	o := h.order
	return o.Uint32(b[592:]) == 0x46508001 && o.Uint32(b[596:]) == 528 && o.Uint64(b[128:]) == 0 && o.Uint64(b[136:]) == 0
}

// validARM: no uc_flags, no uc_link, and a cpsr of user mode.
func validARM(h *header, b []byte, _ uint64) bool {
	o := h.order
	return o.Uint32(b[128:]) == 0 && o.Uint32(b[132:]) == 0 && o.Uint32(b[224:])&0x1f == 0x10 && o.Uint32(b[212:]) != 0
}

// validRV: no uc_flags, no uc_link, and a pc that is not odd.
func validRV(h *header, b []byte, _ uint64) bool {
	o := h.order
	return o.Uint64(b[128:]) == 0 && o.Uint64(b[136:]) == 0 && o.Uint64(b[304:])&1 == 0 && o.Uint64(b[16:]) != 0
}
