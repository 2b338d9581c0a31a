package classify

import (
	"debug/elf"
	"strings"

	"golang.org/x/arch/x86/x86asm"
)

// instruction is the decoded instruction at pc, on x86.
type instruction struct {
	known bool // text was at hand and decoded
	x86   x86asm.Inst
}

// atPC decodes the instruction at pc once.
func (v *view) atPC() instruction {
	if v.pcInst != nil {
		return *v.pcInst
	}
	v.pcInst = &instruction{}
	if v.f.Machine != elf.EM_X86_64 && v.f.Machine != elf.EM_386 || v.placeOf(v.pc) != placeText {
		return *v.pcInst
	}
	b := v.textUpTo(v.pc, 15)
	if len(b) == 0 {
		return *v.pcInst
	}
	inst, err := x86asm.Decode(b, v.x86Mode())
	v.pcInst.known = err == nil && inst.Op != 0
	v.pcInst.x86 = inst
	return *v.pcInst
}

// returns reports whether the instruction is a return.
func (i instruction) returns() bool {
	return i.known && (i.x86.Op == x86asm.RET || i.x86.Op == x86asm.LRET)
}

// transfers reports whether the instruction is a call or jump through a
// register or memory, and the operand.
func (i instruction) transfers() (x86asm.Arg, bool) {
	if !i.known || (i.x86.Op != x86asm.CALL && i.x86.Op != x86asm.JMP) {
		return nil, false
	}
	switch i.x86.Args[0].(type) {
	case x86asm.Reg, x86asm.Mem:
		return i.x86.Args[0], true
	}
	return nil, false
}

// memory returns the explicit memory operand. LEA and NOP name memory without
// touching it.
func (i instruction) memory() (x86asm.Mem, bool) {
	if !i.known || i.x86.Op == x86asm.LEA || i.x86.Op == x86asm.NOP {
		return x86asm.Mem{}, false
	}
	for _, a := range i.x86.Args {
		if m, ok := a.(x86asm.Mem); ok {
			return m, true
		}
	}
	return x86asm.Mem{}, false
}

// privileged reports whether user code can't run the instruction, so that it
// raises #GP (Intel SDM volume 3, section 5.9).
func (i instruction) privileged() bool {
	if !i.known {
		return false
	}
	switch i.x86.Op {
	case x86asm.HLT, x86asm.CLI, x86asm.STI, x86asm.IN, x86asm.OUT, x86asm.INSB, x86asm.INSW, x86asm.INSD,
		x86asm.OUTSB, x86asm.OUTSW, x86asm.OUTSD, x86asm.RDMSR, x86asm.WRMSR, x86asm.LGDT, x86asm.LIDT,
		x86asm.LLDT, x86asm.LTR, x86asm.INVD, x86asm.WBINVD, x86asm.INVLPG, x86asm.CLTS, x86asm.INT:
		return true
	}
	return false
}

// aligned reports whether the instruction demands a 16-byte (or wider) aligned
// memory operand: the MOVAPS family, and with a legacy SSE encoding every other
// 16-byte memory operand (Intel SDM volume 1, section 4.1.1).
func (i instruction) aligned() bool {
	if _, ok := i.memory(); !ok {
		return false
	}
	op := i.x86.Op.String()
	switch {
	case strings.HasPrefix(op, "VMOVAP"), strings.HasPrefix(op, "VMOVDQA"), strings.HasPrefix(op, "VMOVNT"),
		strings.HasPrefix(op, "MOVAP"), op == "MOVDQA", op == "MOVNTPS", op == "MOVNTPD", op == "MOVNTDQ", op == "MOVNTDQA":
		return true
	case strings.HasPrefix(op, "V"), strings.HasPrefix(op, "MOVU"), op == "MOVDQU", op == "LDDQU",
		strings.HasPrefix(op, "FX"), strings.HasPrefix(op, "XSAVE"), op == "CMPXCHG16B":
		return op == "FXSAVE" || op == "FXRSTOR" || op == "FXSAVE64" || op == "FXRSTOR64" || op == "CMPXCHG16B"
	}
	return i.x86.MemBytes == 16
}
