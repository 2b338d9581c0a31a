package corefile

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// ReadAgain reads the facts of a core from forward-only input that can be opened
// anew, such as a member of an archive: what turns out to be of interest after it
// has passed is read in a second pass. size is the length of the input in bytes,
// -1 when unknown. What the input says while it is read, other than io.EOF, is
// taken for damage of the archive; whoever reads from a disk or a network below
// it knows better.
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
	var first io.Reader = bytes.NewReader(head[:n])
	if err == nil {
		first = io.MultiReader(first, r)
	}
	if c := compressionOf(head[:n]); c != nil {
		return readCompressed(c, opened(first, open), true, size, opt, sc)
	}
	ctx, cancel := context.WithTimeout(opt.Context, opt.MaxTime)
	defer cancel()
	src := &stream{r: first, ctx: ctx, limit: opt.MaxDecompressed, end: -1, scratch: sc.skip[:]}
	src.reopen = open
	sc.open(src)
	f, err := readCore(sc, opt)
	switch {
	case src.damage != nil && err != nil:
		return nil, inputDamage(src.damage) // rather than what it led to
	case err != nil:
		return nil, err
	case src.damage != nil:
		f.Truncated = true
		f.Incomplete = inputDamage(src.damage).Error()
	}
	f.Size = size
	return f, nil
}

// inputDamage classifies what the archive's own decoder complained about.
func inputDamage(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Reason: ReasonMalformed, What: "packed data", Offset: -1, Err: err}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Reason = ReasonTruncated
	}
	return e
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
