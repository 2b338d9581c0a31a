package classify

// protectionBasis is what the rules about x86's general protection fault rest
// on. The kernel gives no address for it (SI_KERNEL, si_addr 0), so that what
// caused it must be told from the registers, the stack and, where it is at hand,
// the instruction.
var protectionBasis = []string{
	"arch/x86/kernel/traps.c (exc_general_protection: SIGSEGV, SI_KERNEL, no address; exc_stack_segment: SIGBUS)",
	"Intel SDM volume 1, 3.3.7.1 (canonical addresses); volume 2, RET, CALL (a non-canonical target raises #GP at the instruction itself, before sp moves)",
}

// addressRegisters are the general registers that an operand can name.
var addressRegisters = []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

// nonCanonicalRegister names the first general register whose value is not
// canonical. A frame pointer that an epilogue has just popped doesn't count.
func (v *view) nonCanonicalRegister() (string, bool) {
	if v.abi.canonical == 0 {
		return "", false
	}
	below, haveBelow := v.below()
	for _, name := range addressRegisters {
		x, ok := v.register(name)
		if !ok || v.abi.isCanonical(x) || (name == "rbp" && haveBelow && below == x) {
			continue
		}
		return name, true
	}
	return "", false
}
