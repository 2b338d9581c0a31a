package classify

import "fmt"

// The words around sp that a record describes, from 8 below to 23 above.
const (
	wordsBelow = 8
	wordsAbove = 24
)

// stackWords names the kinds of the words around sp, never their values:
// "sp-0x8 null_page", "sp+0x0 text", and so on.
func (v *view) stackWords() []string {
	var out []string
	for i := -wordsBelow; i < wordsAbove; i++ {
		off := int64(i) * int64(v.abi.word)
		x, ok := v.word(v.sp + uint64(off))
		if !ok {
			continue
		}
		sign := '+'
		if off < 0 {
			sign, off = '-', -off
		}
		out = append(out, fmt.Sprintf("sp%c%#x %s", sign, off, v.wordKind(x)))
	}
	return out
}

// wordKind says what a word would point to: text, stack, heap, null_page,
// mapped, unmapped or unknown.
func (v *view) wordKind(x uint64) string {
	switch v.placeOf(x) {
	case placeNull:
		return "null_page"
	case placeUnmapped:
		return "unmapped"
	case placeUnknown:
		return "unknown"
	case placeText:
		return "text"
	}
	seg, _ := v.segment(x)
	switch {
	case v.sp >= seg.Start && v.sp < seg.End:
		return "stack"
	case usable(seg) && v.brkHeap(seg.Start):
		return "heap"
	}
	return "mapped"
}

// brkHeap reports whether an anonymous mapping is the one that brk grows: it
// starts above the executable and below every other file (fs/binfmt_elf.c puts
// it behind the executable's last segment, at a random distance).
func (v *view) brkHeap(start uint64) bool {
	if _, ok := v.fileAt(start); ok || !v.f.HasFiles {
		return false
	}
	exe, ok := v.executableFile()
	if !ok || start < exe.Start {
		return false
	}
	for _, m := range v.f.Files {
		if m.Start > exe.Start && m.Start < start && m.Path != exe.Path {
			return false
		}
	}
	return true
}

// stackWordsAbove returns up to n captured words from sp, or from the first
// captured word above it when sp itself has left the stack.
func (v *view) stackWordsAbove(n int) []uint64 {
	at := v.sp &^ (v.abi.word - 1)
	if _, ok := v.word(at); !ok {
		if seg, ok := v.stackAbove(at); ok && seg.Start > at {
			at = seg.Start
		}
	}
	return v.wordsFrom(at, n)
}
