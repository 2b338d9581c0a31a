package classify

import "fmt"

// flipBudget is the largest share of mapped addresses in the neighbourhood of a
// bad address at which a flipped bit still counts as evidence.
const flipBudget = 0.01

// flippedTarget: one flipped bit would make the bad pc, or the non-canonical
// word at sp, an address of text in a mapped file.
func (v *view) flippedTarget() []string {
	bad := v.pc
	if v.pcRunnable() {
		top, ok := v.top()
		if !ok || v.abi.isCanonical(top) {
			return nil
		}
		bad = top
	}
	bit, chance, ok := v.oneBitFrom(bad, v.mappedText)
	if !ok {
		return nil
	}
	return []string{fmt.Sprintf(
		"The bad address %#x differs in one bit (bit %d) from %s, which is text. %s",
		bad, bit, v.describe(bad^1<<bit), chanceReason(bit, chance))}
}

// flippedPointer: one flipped bit would make the faulting address, or the
// non-canonical register, an address in the stack or other usable memory.
func (v *view) flippedPointer() []string {
	bad, what := v.sig.Addr, "The faulting address"
	if name, ok := v.nonCanonicalRegister(); ok && v.generalProtection() {
		bad, _ = v.register(name)
		what = "The value of register " + name + ","
	} else if !v.sig.HasAddr || !v.kernelFault() || v.generalProtection() {
		return nil
	}
	bit, chance, ok := v.oneBitFrom(bad, v.mappedData)
	if !ok {
		return nil
	}
	return []string{fmt.Sprintf(
		"%s %#x differs in one bit (bit %d) from an address in usable memory (%s). %s Pointers with a tag in their upper bits can look alike.",
		what, bad, bit, v.wordKind(bad^1<<bit), chanceReason(bit, chance))}
}

// chanceReason states how telling a hit is.
func chanceReason(bit uint, chance float64) string {
	if chance == 0 {
		return fmt.Sprintf("Of a sample of the addresses that differ from it in bit %d and lower bits, none is.", bit)
	}
	return fmt.Sprintf("Of the addresses that differ from it in bit %d and lower bits, about %.2g%% are.", bit, 100*chance)
}

// oneBitFrom looks for the one bit whose flip gives an address that fits. The
// blocks of addresses that differ from bad in bit b and any lower bits are
// disjoint and together make up the address space, so that the share of
// fitting addresses in the block of the hit is the chance that an unrelated
// address at this distance hits. It reports false when bad is null or mapped,
// when no bit or more than one fits, and when the chance is above flipBudget.
func (v *view) oneBitFrom(bad uint64, fits func(uint64) bool) (bit uint, chance float64, ok bool) {
	if v.abi.word != 8 || bad < nullPage || v.placeOf(bad) != placeUnmapped {
		return 0, 0, false
	}
	hits := 0
	for b := uint(12); b < 64; b++ {
		if x := bad ^ 1<<b; x >= nullPage && fits(x) {
			bit = b
			hits++
		}
	}
	if hits != 1 {
		return 0, 0, false
	}
	chance = v.share(bad, bit, fits)
	return bit, chance, chance <= flipBudget
}

// share samples the block of addresses that differ from bad in a bit and any
// lower ones.
func (v *view) share(bad uint64, bit uint, fits func(uint64) bool) float64 {
	const samples = 512
	start := (bad ^ 1<<bit) &^ (1<<bit - 1)
	step := uint64(1) << bit / samples
	hits := 0
	for i := range uint64(samples) {
		if fits(start + i*step + step/2) {
			hits++
		}
	}
	return float64(hits) / samples
}

// mappedText reports whether x is a believable return address in a mapped file,
// or where files are unknown, in executable memory.
func (v *view) mappedText(x uint64) bool {
	if _, ok := v.fileAt(x); !ok && v.f.HasFiles {
		return false
	}
	seg, ok := v.segment(x)
	return ok && seg.Executable() && !v.vsyscall(x)
}

func (v *view) mappedData(x uint64) bool {
	seg, ok := v.segment(x)
	return ok && usable(seg)
}
