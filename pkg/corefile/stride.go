package corefile

// stride counts the threads of a kernel core without reading their registers.
//
// The kernel writes the process-wide notes within the first thread's, then the
// other threads one behind the other (fs/binfmt_elf.c, write_note_info). Every
// thread has the same register sets, hence the same length, so once two of
// them are known the rest is counted by division, and checked by looking for
// NT_PRSTATUS in the middle and at the last place. Where that does not hold,
// walking goes on from header to header. done is true when nothing is left.
func (k *walker) stride() (done bool, err error) {
	if !k.set.kernel || len(k.starts) != 3 || k.pos <= k.starts[2] {
		return false, nil
	}
	step := k.starts[2] - k.starts[1]
	rest := k.end - k.starts[1]
	k.starts = append(k.starts, 0) // ask only once
	if step <= 0 || rest%step != 0 || rest/step < 4 {
		return false, nil
	}
	n := rest / step
	for _, i := range []int64{n / 2, n - 1} {
		ok, err := k.statusAt(k.starts[1] + i*step)
		if err == errBehind || err == errLimit {
			return false, nil
		}
		if err != nil || !ok {
			return false, err
		}
	}
	k.set.threads = 1 + int(n)
	return true, nil
}

// statusAt reports whether a whole NT_PRSTATUS stands at an offset. It must
// not lose the place of a stream, so a stream is walked instead.
func (k *walker) statusAt(at int64) (bool, error) {
	if k.w.src.forward() {
		return false, errBehind
	}
	n, ok, err := k.head(at)
	return ok && n.name == "CORE" && n.typ == ntPRStatus && n.size >= int64(k.statusSize()), err
}
