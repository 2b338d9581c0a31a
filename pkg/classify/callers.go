package classify

import (
	"strings"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// maxFrames bounds the believable stack frames of a record.
const maxFrames = 16

// scanWords bounds how many words above sp are looked at.
const scanWords = 512

// callSite is a believable stack frame: a place in a mapped file.
type callSite struct {
	addr uint64
	site site
}

// frames lists the believable stack frames, innermost first: pc where it runs
// in a mapped file, then the callers.
func (v *view) frames() []callSite {
	callers := v.callers()
	out := make([]callSite, 0, len(callers)+1)
	if v.pcRunnable() {
		if s, ok := v.siteOf(v.pc); ok {
			out = append(out, callSite{v.pc, s})
		}
	}
	out = append(out, callers...)
	return out[:min(len(out), maxFrames)]
}

// callers lists the believable callers, innermost first: by the call frame
// information of the files where they are at hand; else the return address
// that a bad call left or that a function without a stack frame stands on, then the chain of frame pointers where there is one,
// else every believable return address above sp.
func (v *view) callers() []callSite {
	if v.walked != nil {
		return *v.walked
	}
	w := walk{v: v, out: make([]callSite, 0, maxFrames/2)}
	if !w.unwind() {
		w.out = w.out[:0]
		if t := v.arrival(); t != nil && t.caller != 0 {
			w.add(t.caller)
		} else if t == nil && v.abi.x86() && v.frameless() {
			top, _ := v.top()
			w.add(top)
		}
		if !w.chain() {
			w.scan()
		}
	}
	v.walked = &w.out
	return w.out
}

// walk collects callers.
type walk struct {
	v   *view
	out []callSite
}

// add takes a return address that lies in a mapped file.
func (w *walk) add(addr uint64) bool {
	if len(w.out) >= maxFrames || !w.v.returnAddress(addr) {
		return false
	}
	s, ok := w.v.siteOf(addr)
	if ok {
		w.out = append(w.out, callSite{addr, s})
	}
	return ok
}

// chain follows frame pointers as far as the stack window goes. Each must lie
// above the last, be aligned, and stand beside a believable return address;
// one that fails ends the walk. It reports whether any caller was found.
func (w *walk) chain() bool {
	v := w.v
	if !v.abi.hasChain || !v.regs.HasFP {
		return false
	}
	before, followed := len(w.out), false
	last := v.stackStart()
	for fp := v.regs.FP; fp >= last && fp%v.abi.word == 0 && fp != 0 && len(w.out) < maxFrames; {
		ret, ok1 := v.word(fp + uint64(v.abi.frameReturn))
		next, ok2 := v.word(fp + uint64(v.abi.frameNext))
		if !ok1 || !ok2 || !v.sameStack(fp) {
			break
		}
		// The call site that is in the list already can be this frame's return.
		if known := before > 0 && len(w.out) == before && w.out[before-1].addr == ret; !known && !w.add(ret) {
			break
		}
		followed, last, fp = true, fp+v.abi.word, next
	}
	return followed
}

// sameStack reports whether addr lies in the stack of the thread.
func (v *view) sameStack(addr uint64) bool {
	seg, ok := v.stackSegment()
	return ok && addr >= seg.Start && addr < seg.End
}

// stackSegment returns the mapping that holds sp, or that sp has just left at
// its lower end.
func (v *view) stackSegment() (corefile.Segment, bool) {
	if v.stack == nil {
		v.stack = &corefile.Segment{}
		if seg, ok := v.segment(v.sp); ok && (usable(seg) || !v.faulted()) {
			*v.stack = seg
		} else if seg, ok := v.stackAbove(v.sp); ok {
			*v.stack = seg
		}
	}
	return *v.stack, v.stack.End != 0
}

// scan takes every believable return address above sp. Words left over from
// earlier calls can be among them, so that only the first ones mean much. On
// machines with a link register, that comes first while pc runs.
func (w *walk) scan() {
	v := w.v
	if v.abi.link && v.regs.HasLR && v.pcRunnable() {
		w.add(v.regs.LR)
	}
	from := v.stackStart()
	if len(w.out) > 0 && from == v.sp && v.abi.x86() {
		from += v.abi.word // its return address is in the list already
	}
	lo, hi := v.fileBounds()
	v.eachWord(from, scanWords, func(x uint64) bool {
		if x >= lo && x < hi {
			w.add(x)
		}
		return len(w.out) < maxFrames
	})
}

// fileBounds are the lowest and highest address of any mapped file, by which
// most words of a stack are ruled out at once.
func (v *view) fileBounds() (lo, hi uint64) {
	files := v.f.Files
	if len(files) == 0 {
		return 0, ^uint64(0)
	}
	return files[0].Start, files[len(files)-1].End
}

// eachWord calls f with up to n captured words from addr upward, until f or
// what was captured ends.
func (v *view) eachWord(addr uint64, n int, f func(uint64) bool) {
	if v.f.Memory == nil {
		return
	}
	const chunk = 32
	size := int(v.abi.word)
	for n > 0 {
		if b, ok := v.f.Memory.Bytes(addr, chunk*size); ok && n >= chunk && addr+chunk*v.abi.word > addr {
			for i := 0; i < len(b); i += size {
				if !f(v.decode(b[i : i+size])) {
					return
				}
			}
			addr += chunk * v.abi.word
			n -= chunk
			continue
		}
		x, ok := v.word(addr)
		if !ok || !f(x) || addr+v.abi.word < addr {
			return
		}
		addr += v.abi.word
		n--
	}
}

func (v *view) decode(b []byte) uint64 {
	if len(b) == 4 {
		return uint64(v.order.Uint32(b))
	}
	return v.order.Uint64(b)
}

// runtimeLibraries are modules that raise, throw and start threads on behalf of
// the program, so that a place within them says little.
var runtimeLibraries = []string{"libc.so", "libc-2.", "libc.musl", "ld-musl", "ld-linux", "ld-2.", "libpthread", "libstdc++", "libc++", "libgcc_s", "libunwind", "linux-vdso", "[vdso]"}

// runtimeModule reports whether a module belongs to the C or C++ runtime.
func runtimeModule(name string) bool {
	for _, p := range runtimeLibraries {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// runtimeCode reports whether an address lies in the C or C++ runtime.
func (v *view) runtimeCode(addr uint64) bool {
	s, ok := v.siteOf(addr)
	return ok && runtimeModule(s.module)
}

// throughCxxRuntime reports whether the C++ runtime stands between the program
// and the abort.
func throughCxxRuntime(sites []callSite) bool {
	for _, c := range sites {
		if !runtimeModule(c.site.module) {
			return false
		}
		if strings.HasPrefix(c.site.module, "libstdc++") || strings.HasPrefix(c.site.module, "libc++") {
			return true
		}
	}
	return false
}
