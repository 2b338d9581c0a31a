package classify

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

const cxxText = 0x7ffff7e99000

// aborted returns a process that raised SIGABRT, called by way of callers.
func aborted(callers ...uint64) *stage {
	s := newStage().regs(libcText+0x90, spHome).sent(sigABRT, siTkill, 100)
	s.mem.segs = append(s.mem.segs, corefile.Segment{Start: cxxText, End: cxxText + 0x1000, Flags: elf.PF_R | elf.PF_X})
	s.facts.Files = append(s.facts.Files, corefile.MappedFile{Start: cxxText, End: cxxText + 0x1000, Path: "/usr/lib/libstdc++.so.6"})
	return s.stack(spHome, append([]uint64{7, libcText + 0x50}, callers...)...)
}

// TestAbortCause: what is called abort, and what is known to have led to it.
func TestAbortCause(t *testing.T) {
	const exception = heapAt + 0x100
	header := slices.Concat([]byte("\x00++CCUNG"), make([]byte, 184))
	message := func(s *stage, text string) *stage {
		return s.stack(spHome-0x118, exception).code(exception-64, slices.Concat(make([]byte, 64), []byte(text), make([]byte, 192-len(text)))...)
	}
	for _, c := range []struct {
		name string
		s    *stage
		kind crash.Kind
		sig  string
	}{
		{"abort()", aborted(retExe), crash.KindAbort, "abort at leafd+0x1134 (build 1a2b3c4d)"},
		{"assertion of glibc", message(aborted(retExe), "leafd: leaf.c:7: main: Assertion `n > 0' failed.\n"), crash.KindAssert, "assert at leafd+0x1134 (build 1a2b3c4d)"},
		{"double free", message(aborted(retExe), "free(): double free detected in tcache 2\n"), crash.KindHeapCorruption, "heap_corruption at leafd+0x1134 (build 1a2b3c4d)"},
		{"stack guard", message(aborted(retExe), "*** stack smashing detected ***: terminated\n"), crash.KindAbort, ""},
		{"throw that nothing catches", aborted(cxxText+0x30, retExe).stack(spHome-0x200, exception).code(exception-64, slices.Concat(make([]byte, 64), header)...), crash.KindUncaughtException, "uncaught_exception at leafd+0x1134 (build 1a2b3c4d)"},
		{"abort while an exception is about", aborted(retExe).stack(spHome-0x200, exception).code(exception-64, slices.Concat(make([]byte, 64), header)...), crash.KindAbort, ""},
		{"terminate without an exception", aborted(cxxText+0x30, retExe), crash.KindAbort, "abort at leafd+0x1134 (build 1a2b3c4d)"},
		{"other text on the heap", message(aborted(retExe), "free beer"), crash.KindAbort, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Classify(c.s.facts, Options{})
			if got.Kind != c.kind {
				t.Errorf("kind %s, want %s\n%s", got.Kind, c.kind, strings.Join(got.Reasons, "\n"))
			}
			if c.sig != "" && got.Signature != c.sig {
				t.Errorf("signature %q, want %q", got.Signature, c.sig)
			}
			for _, r := range got.Reasons {
				if strings.Contains(r, "leaf.c") {
					t.Errorf("reason %q holds memory of the process", r)
				}
			}
		})
	}
}

// named are binaries with symbols by file offset and frames of a fixed size.
type named map[uint64]string

func (n named) Text(_, _ string, _ uint64, _ int) ([]byte, bool) { return nil, false }

func (n named) Symbol(_, _ string, off uint64) (string, uint64, bool) {
	name, ok := n[off&^0xff]
	return name, off & 0xff, ok
}

// Unwind describes functions that only push a frame pointer's worth: the next
// return address is two words up.
func (n named) Unwind(_, _ string, off uint64) (UnwindRow, bool) {
	_, ok := n[off&^0xff]
	row := UnwindRow{CFARegister: 7, CFAOffset: 16, ReturnRegister: 16}
	row.Save(16, -8)
	return row, ok
}

// TestAbortByNames: names of callers count when call frame information makes
// sure that they are callers; a stale word on the stack is none.
func TestAbortByNames(t *testing.T) {
	at := func(off uint64) uint64 { return exeText - 0x1000 + off }
	bin := named{0x1100: "main", 0x1200: "_ZN4leaf5parseEi", 0x1300: "__assert_fail", 0x1400: "abort", 0x1500: "gsignal"}
	s := newStage().regs(at(0x1510), spHome).sent(sigABRT, siTkill, 100)
	s.stack(spHome, 1, at(0x1420), 1, at(0x1330), 1, at(0x1240), 1, at(0x1150))
	got := Classify(s.facts, Options{Binaries: bin})
	if got.Kind != crash.KindAssert || got.Signature != "assert at leafd!leaf::parse(int)+0x40" {
		t.Errorf("got %s, %q", got.Kind, got.Signature)
	}
	delete(bin, 0x1500) // no call frame information for the innermost function
	if got := Classify(s.facts, Options{Binaries: bin}); got.Kind != crash.KindAbort {
		t.Errorf("kind %s from words that may be stale, want abort", got.Kind)
	}
}
