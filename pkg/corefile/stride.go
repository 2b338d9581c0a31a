package corefile

// stride counts the threads of a kernel core without reading their registers.
//
// The kernel writes the process-wide notes within the first thread's, then the
// other threads one behind the other, then at most a few notes of the machine
// (fs/binfmt_elf.c, write_note_info; NT_X86_XSAVE_LAYOUT). Every thread has the
// same register sets, hence the same length, so once two of them are known the
// rest is counted by division, and checked by looking for NT_PRSTATUS in the
// middle and at the last place. Where that does not hold, walking goes on from
// header to header. The walk resumes behind the last thread.
func (k *walker) stride() error {
	if !k.set.kernel || k.seen != 3 || k.pos <= k.starts[2] {
		return nil
	}
	first, step := k.starts[1], k.starts[2]-k.starts[1]
	k.seen++ // ask only once
	n := (k.end - first) / step
	if n < 4 || k.w.src.forward() {
		return nil // a stream has to pass the notes anyway
	}
	for _, i := range []int64{n / 2, n - 1} {
		head, ok, err := k.head(first + i*step)
		if err != nil {
			return err
		}
		if !ok || head.name != "CORE" || head.typ != ntPRStatus || head.size < int64(k.statusSize()) {
			k.set.cut, k.set.broken = false, -1 // only a guess failed
			return nil
		}
	}
	k.set.threads = 1 + int(n)
	k.pos = first + n*step
	return nil
}
