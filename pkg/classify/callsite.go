package classify

import (
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/x86/x86asm"
)

// siteHow is what the instruction before a return address is.
type siteHow int

const (
	siteUnknown  siteHow = iota // text not at hand, or more than one reading
	siteNone                    // no call
	siteDirect                  // call of a fixed address
	siteIndirect                // call through a register or memory
)

// callBefore is the call that a return address follows.
type callBefore struct {
	how    siteHow
	text   string // the instruction, for reasons
	target uint64 // of an indirect call, as the registers and memory now have it
	known  bool   // whether target could be computed
	// weak is set when target was read from a register that functions may
	// change: the call may have gone elsewhere, and what it called may have
	// left the value behind. Zero is the usual value left in rax.
	weak bool
}

// fits reports whether the call can have led to pc: its target is pc, or can't
// be computed.
func (c callBefore) fits(pc uint64) bool { return !c.known || c.target == pc }

// callBefore decodes the instruction that ends at ret.
func (v *view) callBefore(ret uint64) callBefore {
	switch v.f.Machine {
	case elf.EM_X86_64, elf.EM_386:
		return v.callBeforeX86(ret)
	case elf.EM_AARCH64:
		return v.callBeforeARM64(ret)
	case elf.EM_RISCV:
		return v.callBeforeRISCV(ret)
	case elf.EM_PPC64:
		return v.callBeforePPC64(ret)
	}
	return callBefore{}
}

// callHow is callBefore without its target and text, for the many words of a
// stack that are only asked whether they are return addresses.
func (v *view) callHow(ret uint64) siteHow {
	switch v.f.Machine {
	case elf.EM_X86_64, elf.EM_386:
		return v.eachCallX86(ret, v.kindOfCallX86).how
	}
	return v.callBefore(ret).how
}

// longestCall is the longest sensible encoding of a call: FF /2 with a 32-bit
// displacement, SIB and two prefixes (Intel SDM volume 2, CALL).
const longestCall = 9

// callBeforeX86 tries every length that a call can have. Lengths are ambiguous
// when read backwards; two readings of different kinds give siteUnknown.
func (v *view) callBeforeX86(ret uint64) callBefore { return v.eachCallX86(ret, v.readCallX86) }

func (v *view) eachCallX86(ret uint64, read func(x86asm.Inst, uint64) (callBefore, bool)) callBefore {
	b := v.textBefore(ret)
	if len(b) < 5 {
		return callBefore{}
	}
	found := callBefore{how: siteNone}
	for n := 2; n <= len(b) && n <= longestCall; n++ {
		if !v.mayCall(b[len(b)-n:]) {
			continue
		}
		inst, err := x86asm.Decode(b[len(b)-n:], v.x86Mode())
		if err != nil || inst.Len != n || inst.Op != x86asm.CALL {
			continue
		}
		c, ok := read(inst, ret)
		switch {
		case !ok:
		case found.how == siteNone || found.how == c.how:
			found = c
		default:
			return callBefore{}
		}
	}
	return found
}

// mayCall reports whether b can be a near call by its opcode, E8 or FF /2 behind
// any prefixes (Intel SDM volume 2, CALL): most text is not, and need not be
// decoded.
func (v *view) mayCall(b []byte) bool {
	for len(b) > 1 && v.prefix(b[0]) {
		b = b[1:]
	}
	return b[0] == 0xe8 || len(b) > 1 && b[0] == 0xff && b[1]>>3&7 == 2
}

// prefix reports whether a byte is a prefix of an x86 instruction.
func (v *view) prefix(b byte) bool {
	switch b {
	case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3:
		return true
	}
	return b&0xf0 == 0x40 && v.f.Machine == elf.EM_X86_64 // REX
}

// textBefore returns up to longestCall bytes that end at ret.
func (v *view) textBefore(ret uint64) []byte {
	for n := uint64(longestCall); n >= 5; n-- {
		if b, ok := v.text(ret-n, int(n)); ok {
			return b
		}
	}
	return nil
}

func (v *view) x86Mode() int {
	if v.f.Machine == elf.EM_386 {
		return 32
	}
	return 64
}

// kindOfCallX86 tells direct from indirect. A direct call counts only when its
// target is executable, which chance readings of other bytes hardly meet.
func (v *view) kindOfCallX86(inst x86asm.Inst, ret uint64) (callBefore, bool) {
	switch a := inst.Args[0].(type) {
	case x86asm.Rel:
		target := ret + uint64(int64(a))
		if v.x86Mode() == 32 {
			target = uint64(uint32(target))
		}
		return callBefore{how: siteDirect, target: target, known: true}, v.placeOf(target) == placeText
	case x86asm.Reg, x86asm.Mem:
		return callBefore{how: siteIndirect}, true
	}
	return callBefore{}, false
}

// readCallX86 adds what the instruction says and where an indirect call went.
func (v *view) readCallX86(inst x86asm.Inst, ret uint64) (callBefore, bool) {
	c, ok := v.kindOfCallX86(inst, ret)
	if !ok {
		return c, false
	}
	switch a := inst.Args[0].(type) {
	case x86asm.Reg:
		return v.throughRegister(inst, a, ret), true
	case x86asm.Mem:
		if addr, ok := v.x86Address(a, ret, v.abi.word); ok {
			c.target, c.known = v.word(addr)
		}
	}
	c.text = assembly(inst, ret-uint64(inst.Len))
	return c, true
}

// throughRegister reads a call through a register. Where the instruction before
// it loaded the register from the caller's stack frame, that slot is a better
// witness than the register.
func (v *view) throughRegister(inst x86asm.Inst, reg x86asm.Reg, ret uint64) callBefore {
	c := callBefore{how: siteIndirect, text: assembly(inst, ret-uint64(inst.Len)), weak: !v.calleeSaved(reg)}
	if reg == x86asm.RSP || reg == x86asm.ESP {
		return c
	}
	c.target, c.known = v.x86Register(reg)
	at := ret - uint64(inst.Len)
	for n := 3; n <= 8; n++ {
		b, ok := v.text(at-uint64(n), n)
		if !ok {
			break
		}
		load, err := x86asm.Decode(b, v.x86Mode())
		m, isMem := load.Args[1].(x86asm.Mem)
		if err != nil || load.Len != n || load.Op != x86asm.MOV || load.Args[0] != x86asm.Arg(reg) || !isMem || !frameBase(m.Base) {
			continue
		}
		if addr, ok := v.x86Address(m, at, v.abi.word); ok {
			if x, ok := v.word(addr); ok {
				c.target, c.known, c.weak = x, true, false
			}
		}
	}
	return c
}

// frameBase reports whether a register is the base of a stack frame.
func frameBase(r x86asm.Reg) bool {
	return r == x86asm.RSP || r == x86asm.ESP || r == x86asm.RBP || r == x86asm.EBP
}

// calleeSaved reports whether functions restore the register before they return.
func (v *view) calleeSaved(r x86asm.Reg) bool {
	return slices.Contains(v.abi.calleeSaved, strings.ToLower(r.String()))
}

func (v *view) callBeforeARM64(ret uint64) callBefore {
	b, ok := v.text(ret-4, 4)
	if !ok || ret%4 != 0 {
		return callBefore{}
	}
	inst, err := arm64asm.Decode(b)
	if err != nil {
		return v.authenticatedCall(b)
	}
	switch inst.Op {
	case arm64asm.BL:
		return callBefore{how: siteDirect, text: inst.String()}
	case arm64asm.BLR:
		c := callBefore{how: siteIndirect, text: inst.String()}
		if r, ok := inst.Args[0].(arm64asm.Reg); ok && r >= arm64asm.X0 && r < arm64asm.X30 {
			c.target, c.known = v.regs.Value(xRegister(int(r - arm64asm.X0)))
		}
		return c
	}
	return callBefore{how: siteNone}
}

// authenticatedCall recognises BLRAA and its kin (Arm ARM C6.2, BLRA), which
// the decoder does not know.
func (v *view) authenticatedCall(b []byte) callBefore {
	if enc := binary.LittleEndian.Uint32(b); enc&0xfefff800 == 0xd63f0800 {
		return callBefore{how: siteIndirect, text: "BLRA"}
	}
	return callBefore{how: siteNone}
}

// callBeforeRISCV recognises jal ra, jalr ra and c.jalr (RISC-V unprivileged
// ISA, sections 2.5 and 28.4). The two encodings are told apart by the low bits.
func (v *view) callBeforeRISCV(ret uint64) callBefore {
	if b, ok := v.text(ret-4, 4); ok {
		switch enc := binary.LittleEndian.Uint32(b); {
		case enc&0xfff == 0x0ef:
			return callBefore{how: siteDirect, text: "jal ra"}
		case enc&0x7fff == 0x00e7:
			return callBefore{how: siteUnknown} // "call" is auipc+jalr: direct in effect
		}
	}
	b, ok := v.text(ret-2, 2)
	if !ok {
		return callBefore{}
	}
	if enc := binary.LittleEndian.Uint16(b); enc&0xf07f == 0x9002 && enc&0xf80 != 0 {
		return callBefore{how: siteIndirect, text: "c.jalr"}
	}
	return callBefore{how: siteNone}
}

// callBeforePPC64 recognises bl and bctrl/blrl (Power ISA I 2.4).
func (v *view) callBeforePPC64(ret uint64) callBefore {
	b, ok := v.text(ret-4, 4)
	if !ok {
		return callBefore{}
	}
	switch enc := v.order.Uint32(b); {
	case enc>>26 == 18 && enc&1 == 1:
		return callBefore{how: siteDirect, text: "bl"}
	case enc>>26 == 19 && enc&1 == 1:
		return callBefore{how: siteIndirect, text: "bctrl"}
	}
	return callBefore{how: siteNone}
}
