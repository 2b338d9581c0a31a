package corefile

import "errors"

// windowSize is the buffer through which headers and notes are read: the only
// memory that a read needs besides what it returns.
const windowSize = 64 << 10

// window looks at consecutive parts of a source through one fixed buffer.
type window struct {
	src source
	buf []byte // windowSize bytes
	off int64  // of buf[0]
	n   int    // valid bytes
	// spare is for bytes that are looked at once; a stream's own scratch may
	// share it, since that is free again when a read begins to fill.
	spare []byte
	// far is a second window, over spare, for pieces of memory far from the
	// headers, which stay in the first; for input with random access only.
	far *window
}

// peek returns up to n bytes at off, n <= windowSize; fewer mean that the
// input ends. When it has to read it reads ahead bytes at once (at least n).
// The bytes are valid until the next peek.
func (w *window) peek(off int64, n, ahead int) ([]byte, error) {
	if b, ok := w.held(off, n); ok {
		return b, nil
	}
	n = min(n, len(w.buf))
	ahead = min(max(ahead, n), len(w.buf))
	if off >= w.off && off < w.off+int64(w.n) {
		kept := copy(w.buf, w.buf[off-w.off:w.n])
		w.off, w.n = off, kept
	} else {
		w.off, w.n = off, 0
	}
	m, err := w.src.read(w.buf[w.n:max(ahead, w.n)], w.off+int64(w.n))
	if err != nil && n < ahead && (!w.src.forward() || errors.Is(err, errLimit)) { // less may still be possible
		m, err = w.src.read(w.buf[w.n:n], w.off+int64(w.n))
	}
	if err != nil {
		return nil, err
	}
	w.n += m
	return w.buf[:min(n, w.n)], nil
}

// held returns n bytes at off when the buffer has them already.
func (w *window) held(off int64, n int) ([]byte, bool) {
	if off < w.off || n < 0 || off-w.off > int64(w.n) || int64(n) > int64(w.n)-(off-w.off) {
		return nil, false
	}
	i := int(off - w.off)
	return w.buf[i : i+n], true
}
