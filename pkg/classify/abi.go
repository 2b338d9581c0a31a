package classify

import (
	"debug/elf"
	"encoding/binary"
)

// abi is what a machine's calling convention promises and what we use of it.
type abi struct {
	// arch is Go's name for the machine, as OpenTelemetry's host.arch has it.
	arch string
	// word is the size of a pointer in bytes.
	word uint64
	// link is true where a call leaves its return address in a register and
	// a return pops nothing.
	link bool
	// align is the alignment of sp that the ABI demands at a call; it is 0
	// when we rely on none.
	align uint64
	// entry is sp modulo align at the first instruction of a function.
	entry uint64
	// strict is true where all code of the platform keeps align; i386 code
	// older than GCC 4.5 keeps only 4.
	strict bool
	// canonical is the number of address bits of which all higher ones must
	// be copies, 0 where the notion doesn't exist.
	canonical uint
	// calleeSaved names the registers that an epilogue restores.
	calleeSaved []string
	// frameNext and frameReturn are the offsets from the frame pointer to the
	// caller's frame pointer and to the return address; hasChain says that
	// the ABI defines them.
	frameNext, frameReturn int64
	hasChain               bool
}

// abiOf returns the calling convention of a machine.
//
// Sources: System V ABI AMD64 supplement 1.0 section 3.2.2 (sp+8 is a multiple
// of 16 at function entry) and 3.2.1 (callee-saved registers); System V ABI
// i386 supplement 1.1 section 2.2.2 (sp+4 is a multiple of 16 at entry); AAPCS64
// section 6.4.5 (sp is a multiple of 16) and 6.4.6 (frame records); RISC-V psABI
// "integer calling convention"; 64-Bit ELF V2 ABI for Power 2.2.2; s390x ELF ABI
// 1.2.2; AAPCS32 section 6.2.1 (8 at public interfaces);
// LoongArch ELF psABI (16).
func abiOf(m elf.Machine, c elf.Class, order binary.ByteOrder) abi {
	switch m {
	case elf.EM_X86_64:
		if c == elf.ELFCLASS32 { // x32
			return abi{arch: "amd64p32", word: 8, align: 16, entry: 8, strict: true}
		}
		return abi{
			arch: "amd64", word: 8, align: 16, entry: 8, strict: true, canonical: 48,
			calleeSaved: []string{"rbp", "rbx", "r12", "r13", "r14", "r15"},
			frameNext:   0, frameReturn: 8, hasChain: true,
		}
	case elf.EM_386:
		return abi{
			arch: "386", word: 4, align: 16, entry: 12,
			calleeSaved: []string{"ebp", "ebx", "esi", "edi"},
			frameNext:   0, frameReturn: 4, hasChain: true,
		}
	case elf.EM_AARCH64:
		return abi{arch: "arm64", word: 8, link: true, align: 16, strict: true, frameNext: 0, frameReturn: 8, hasChain: true}
	case elf.EM_RISCV:
		if c == elf.ELFCLASS64 {
			return abi{arch: "riscv64", word: 8, link: true, align: 16, strict: true, frameNext: -16, frameReturn: -8, hasChain: true}
		}
		return abi{arch: "riscv", word: 4, link: true, align: 16, strict: true, frameNext: -8, frameReturn: -4, hasChain: true}
	case elf.EM_PPC64:
		if order == binary.BigEndian {
			return abi{arch: "ppc64", word: 8, link: true, align: 16, strict: true}
		}
		return abi{arch: "ppc64le", word: 8, link: true, align: 16, strict: true}
	case elf.EM_PPC:
		return abi{arch: "ppc", word: 4, link: true, align: 16, strict: true}
	case elf.EM_S390:
		return abi{arch: "s390x", word: 8, link: true, align: 8, strict: true}
	case elf.EM_LOONGARCH:
		return abi{arch: "loong64", word: 8, link: true, align: 16, strict: true, frameNext: -16, frameReturn: -8, hasChain: true}
	case elf.EM_ARM:
		return abi{arch: "arm", word: 4, link: true, align: 8}
	}
	word := uint64(8)
	if c == elf.ELFCLASS32 {
		word = 4
	}
	return abi{word: word}
}

// x86 reports whether calls push their return address, as on x86-64 and i386.
func (a abi) x86() bool { return a.arch == "amd64" || a.arch == "386" || a.arch == "amd64p32" }

// isCanonical reports whether the processor accepts x as an address (Intel SDM
// volume 1, section 3.3.7.1). Machines with five-level paging accept more; what
// they accept beyond 48 bits is never mapped unless a program asks for it.
func (a abi) isCanonical(x uint64) bool {
	if a.canonical == 0 {
		return true
	}
	shift := 64 - a.canonical
	return uint64(int64(x<<shift)>>shift) == x
}
