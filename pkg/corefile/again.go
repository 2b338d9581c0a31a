package corefile

import (
	"errors"
	"io"
)

// ReadAgain reads the facts of a core from forward-only input that can be opened
// anew, such as a member of an archive: what turns out to be of interest after it
// has passed is read in a second pass. size is the length of the input in bytes,
// -1 when unknown.
func ReadAgain(open func() (io.Reader, error), size int64, opt Options) (*Facts, error) {
	opt = opt.withDefaults()
	sc := scratches.Get().(*scratch)
	defer sc.put()
	r, err := open()
	if err != nil {
		return nil, inputError(err)
	}
	head := make([]byte, magicBytes)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &Error{Reason: ReasonIO, What: "read", Offset: 0, Err: err}
	}
	if n == 0 {
		return nil, &Error{Reason: ReasonEmpty, Offset: -1}
	}
	first := &rejoined{head: head[:n], rest: r, err: err}
	if c := compressionOf(head[:n]); c != nil {
		return readCompressed(c, opened(first, open), true, size, opt, sc)
	}
	src := &stream{r: first, ctx: opt.Context, limit: opt.MaxDecompressed, end: -1, scratch: sc.skip[:]}
	src.reopen = func() (io.Reader, error) {
		r, err := open()
		return &rejoined{rest: r}, inputError(err)
	}
	sc.open(src)
	f, err := readCore(sc, opt)
	if err != nil {
		return nil, err
	}
	f.Size = size
	return f, nil
}

// opened returns the input that is open first, and opens it anew from then on.
func opened(first io.Reader, open func() (io.Reader, error)) func() io.Reader {
	return func() io.Reader {
		if r := first; r != nil {
			first = nil
			return r
		}
		r, err := open()
		if err != nil {
			return failing{err}
		}
		return r
	}
}

// failing is input that could not be opened.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
