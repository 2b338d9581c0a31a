package classify

// text returns n bytes of code at addr, from the core where they were dumped
// and captured, else from the binary of the same build id.
func (v *view) text(addr uint64, n int) ([]byte, bool) {
	if v.f.Memory != nil {
		if b, ok := v.f.Memory.Bytes(addr, n); ok {
			return b, true
		}
	}
	if v.opt.Binaries == nil {
		return nil, false
	}
	s, ok := v.siteOf(addr)
	if !ok || s.buildID == "" {
		return nil, false
	}
	return v.opt.Binaries.Text(s.path, s.buildID, s.file, n)
}

// textUpTo returns at most n bytes at addr, fewer where the text that is at
// hand ends earlier; nil when there is none.
func (v *view) textUpTo(addr uint64, n int) []byte {
	for ; n > 0; n-- {
		if b, ok := v.text(addr, n); ok {
			return b
		}
	}
	return nil
}

// returnAddress reports whether x is believable as a return address: it lies in
// executable memory, not at its very start, and where the text before it is at
// hand, a call ends there.
func (v *view) returnAddress(x uint64) bool {
	if x < nullPage || v.vsyscall(x) {
		return false
	}
	seg, ok := v.segment(x)
	if !ok || !seg.Executable() || x == seg.Start {
		return false
	}
	return v.callHow(x) != siteNone
}

// vsyscall reports whether x lies in the fixed x86-64 vsyscall page, which the
// kernel lists in every core and which nothing returns to (arch/x86/include/
// uapi/asm/vsyscall.h).
func (v *view) vsyscall(x uint64) bool {
	return v.abi.arch == "amd64" && x >= 0xffffffffff600000 && x < 0xffffffffff601000
}
