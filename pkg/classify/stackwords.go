package classify

import (
	"fmt"
	"sync"
)

// The words around sp that a record describes, from 8 below to 23 above.
const (
	wordsBelow = 8
	wordsAbove = 24
)

// stackWords names the kinds of the words around sp, never their values:
// "sp-0x8 null_page", "sp+0x0 text", and so on.
func (v *view) stackWords() []string {
	out := make([]string, 0, wordsBelow+wordsAbove)
	labels := &wordLabels()[v.abi.word/4&3]
	for i := range wordsBelow + wordsAbove {
		off := (int64(i) - wordsBelow) * int64(v.abi.word)
		if x, ok := v.word(v.sp + uint64(off)); ok {
			out = append(out, labels[i][v.wordKind(x)])
		}
	}
	return out
}

// wordLabels holds the texts of stackWords by size of a word / 4, position and
// kind; they are the same in every record.
var wordLabels = sync.OnceValue(func() *[4][wordsBelow + wordsAbove]map[string]string {
	var out [4][wordsBelow + wordsAbove]map[string]string
	for size := range out {
		for i := range out[size] {
			out[size][i] = map[string]string{}
			off, sign := (i-wordsBelow)*size*4, '+'
			if off < 0 {
				sign, off = '-', -off
			}
			for _, kind := range []string{"text", "stack", "heap", "null_page", "mapped", "unmapped", "unknown"} {
				out[size][i][kind] = fmt.Sprintf("sp%c%#x %s", sign, off, kind)
			}
		}
	}
	return &out
})

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

// stackStart is sp, or the lower end of the stack when sp has left it there.
func (v *view) stackStart() uint64 {
	if seg, ok := v.stackSegment(); ok && seg.Start > v.sp {
		return seg.Start
	}
	return v.sp
}
