package classify

import (
	"bytes"

	"github.com/epicurve/epicurve/pkg/crash"
)

// lastWords are fixed phrases that libraries write to memory before they abort.
// They are only looked for; nothing of the memory is kept.
//
// Sources: glibc assert/assert.c, malloc/malloc.c (malloc_printerr),
// debug/fortify_fail.c; musl src/exit/assert.c; glib gtestutils.c; glog and
// abseil logging (CHECK).
var lastWords = []struct {
	phrase string
	kind   crash.Kind
	means  string
}{
	{"double free or corruption", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"free(): ", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"malloc(): ", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"realloc(): ", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"calloc(): ", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"munmap_chunk(): ", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"malloc_consolidate(): ", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"corrupted size vs. prev_size", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"corrupted double-linked list", crash.KindHeapCorruption, "the allocator found its heap corrupt"},
	{"*** stack smashing detected", crash.KindAbort, "a stack guard was overrun"},
	{"*** buffer overflow detected", crash.KindAbort, "a checked buffer was overrun"},
	{"Assertion `", crash.KindAssert, "an assertion failed"},
	{"Assertion failed: ", crash.KindAssert, "an assertion failed"},
	{"assertion failed: ", crash.KindAssert, "an assertion failed"},
	{"Check failed: ", crash.KindAssert, "a check failed"},
}

// Exception classes of the C++ runtimes, as they stand in memory on
// little-endian machines (Itanium C++ ABI, exception handling 2.2.1: eight
// bytes of vendor and language; libstdc++ unwind-cxx.h, libc++abi
// cxa_exception.h). The last byte tells a dependent exception.
var exceptionClasses = [][]byte{
	[]byte("\x00++CCUNG"), []byte("\x01++CCUNG"), []byte("\x00++CGNLC"), []byte("\x01++CGNLC"),
}

// lastWord looks for a phrase in the memory that the stack and the registers
// point to, as far as the reader captured it.
func (v *view) lastWord() (kind crash.Kind, means, phrase string) {
	found := len(lastWords)
	v.eachClue(func(b []byte) {
		for i, w := range lastWords[:found] {
			if bytes.Contains(b, []byte(w.phrase)) {
				found = i
				return
			}
		}
	})
	if found == len(lastWords) {
		return "", "", ""
	}
	w := lastWords[found]
	return w.kind, w.means, w.phrase
}

// exceptionThrown reports whether the stack points to a C++ exception.
func (v *view) exceptionThrown() bool {
	thrown := false
	v.eachClue(func(b []byte) {
		for _, class := range exceptionClasses {
			thrown = thrown || bytes.Contains(b, class)
		}
	})
	return thrown
}

// Bounds of the memory around a pointer that is looked at, and of the stack
// whose words are followed.
const (
	clueBefore = 64
	clueAfter  = 192
	clueStack  = 2 << 10
)

// eachClue calls f with the captured memory around every pointer that stands
// in a general register or on the stack, near sp or just below it.
func (v *view) eachClue(f func([]byte)) {
	if v.f.Memory == nil {
		return
	}
	last := uint64(0)
	look := func(x uint64) {
		if x < nullPage || x == last {
			return
		}
		last = x
		seg, ok := v.segment(x)
		if !ok || !usable(seg) || v.sameStack(x) {
			return
		}
		from := max(x-min(x, clueBefore), seg.Start)
		for to := min(x+clueAfter, seg.End); to > x; to -= min(to-x, 64) {
			if b, ok := v.f.Memory.Bytes(from, int(to-from)); ok {
				f(b)
				return
			}
		}
	}
	for _, x := range v.regs.Values {
		look(x)
	}
	start := v.sp - min(v.sp, clueStack)
	for at := start &^ (v.abi.word - 1); at < v.sp+clueStack && at >= start&^(v.abi.word-1); at += v.abi.word {
		if x, ok := v.word(at); ok {
			look(x)
		}
	}
}
