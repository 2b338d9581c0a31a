package classify

import "fmt"

// transferBasis is what the rules about control flow rest on.
var transferBasis = []string{
	"System V ABI AMD64 supplement 3.2.2 (sp+8 is a multiple of 16 at function entry), hence sp mod 16 is 8 after a call and 0 after a return; i386 supplement 2.2.2 (12 and 0)",
	"Intel SDM volume 2, RET and CALL (RET reads the word at sp and adds a word to sp; the word stays in place below it)",
	"Arm ARM C6.2 RET, BLR (a return branches to x30 and leaves it; a call writes it); RISC-V ISA 2.5; Power ISA I 2.4",
	"The 128 bytes below sp survive signal delivery on x86-64 (red zone, ABI 3.2.2; arch/x86/kernel/signal.c get_sigframe)",
}

// pcReason says why pc can't run.
func (v *view) pcReason() string {
	if v.pc == 0 {
		return "pc is 0, so control went through a null pointer or a zero return address."
	}
	return fmt.Sprintf("pc is %#x, which is %s.", v.pc, v.where(v.pc))
}
