package corefile

import (
	"errors"
	"io"
	"sync"
)

// Read reads the facts of a core file with random access: size is its length
// in bytes. A compressed core is recognised by its magic bytes, never by name,
// and read as a stream. The error is always an *Error.
func Read(r io.ReaderAt, size int64, opt Options) (*Facts, error) {
	opt = opt.withDefaults()
	if size <= 0 {
		return nil, &Error{Reason: ReasonEmpty, Offset: -1}
	}
	sc := scratches.Get().(*scratch)
	defer sc.put()
	src := &sc.ranged
	*src = ranged{r: r, n: size, ctx: opt.Context}
	w := sc.open(src)
	b, err := w.peek(0, min(magicBytes, int(min(size, magicBytes))), firstRead)
	if err != nil {
		return nil, asError(err, 0)
	}
	if c := compressionOf(b); c != nil {
		return readCompressed(c, func() io.Reader { return io.NewSectionReader(r, 0, size) }, true, size, opt, sc)
	}
	f, err := readCore(sc, opt)
	if err != nil {
		return nil, err
	}
	f.Size = src.n
	return f, nil
}

// ReadStream reads the facts of a core file from forward-only input such as
// standard input, plain or compressed. What lies before the place where the
// registers become known cannot be captured; the registers always are.
func ReadStream(r io.Reader, opt Options) (*Facts, error) {
	opt = opt.withDefaults()
	sc := scratches.Get().(*scratch)
	defer sc.put()
	head := make([]byte, magicBytes)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &Error{Reason: ReasonIO, What: "read", Offset: 0, Err: err}
	}
	r = &rejoined{head: head[:n], rest: r, err: err}
	if c := compressionOf(head[:n]); c != nil {
		return readCompressed(c, func() io.Reader { return r }, false, -1, opt, sc)
	}
	src := &stream{r: r, ctx: opt.Context, limit: opt.MaxDecompressed, end: -1, scratch: sc.skip[:]}
	sc.open(src)
	f, err := readCore(sc, opt)
	if err != nil {
		return nil, err
	}
	f.Size = src.end
	return f, nil
}

// scratch is the memory of one read; it is used again for the next, so that a
// scan of thousands of cores allocates little more than what it returns.
type scratch struct {
	reading
	window [windowSize]byte
	skip   [windowSize]byte
}

// reading is the state of one read.
type reading struct {
	ranged ranged
	w, far window
	segs   segments
	set    noteSet
	walk   walker
	c      capturing
	pieces [8]piece
	bases  [8]uint64
	ids    [8]pageID
	notes  [maxNoteSegments]phdr
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// open points the window at a source.
func (sc *scratch) open(src source) *window {
	sc.far = window{src: src, buf: sc.skip[:]}
	sc.w = window{src: src, buf: sc.window[:], spare: sc.skip[:], far: &sc.far}
	return &sc.w
}

// put gives the scratch back without what it refers to.
func (sc *scratch) put() {
	sc.reading = reading{}
	scratches.Put(sc)
}

// rejoined puts bytes that were looked at back in front of a reader, and
// marks failures of that reader as failures of the input.
type rejoined struct {
	head []byte
	rest io.Reader
	err  error // how reading the head ended
}

func (j *rejoined) Read(p []byte) (int, error) {
	if len(j.head) > 0 {
		n := copy(p, j.head)
		j.head = j.head[n:]
		return n, nil
	}
	if j.err != nil {
		return 0, io.EOF
	}
	n, err := j.rest.Read(p)
	return n, inputError(err)
}
