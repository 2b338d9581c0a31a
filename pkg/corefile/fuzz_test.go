package corefile_test

import (
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// seeds are small synthetic cores of every machine and producer, and hostile
// ones; the findings of earlier runs are under testdata/fuzz.
func seeds(t testing.TB) [][]byte {
	var all [][]byte
	for i, p := range ports {
		c := p.core(t)
		c.Producer = coretest.Producer(i % 3)
		c.Segments[2].Data = c.Segments[2].Data[:0x1000]
		all = append(all, coretest.Must(c).Bytes())
	}
	x := ports[0].core(t)
	img := func() *coretest.Image { return coretest.Must(x) }
	all = append(all,
		img().Put64(img().NoteAt(coretest.NTFile, 0)+20, math.MaxUint64/24+2).Bytes(),
		img().Put32(img().NoteAt(coretest.NTPRStatus, 0), math.MaxUint32).Bytes(),
		img().Put64(64+32, 2).Bytes(),
		img().Put16(56, 0xffff).Bytes(),
		img().Put32(64, uint32(elf.PT_NULL)).Bytes(),
		coretest.Must(threaded(t, 6, coretest.Kernel)).Bytes(),
		coretest.Must(raisedCore(t)).Bytes(),
	)
	x.ExtendedNumbering = true
	return append(all, img().Bytes())
}

// inspect asks the memory around every register, as a classifier would.
func inspect(f *corefile.Facts) {
	for _, v := range f.Thread.Registers.Values {
		f.Memory.Segment(v)
		f.Memory.Word(v)
		f.Memory.Bytes(v-64, 128)
		f.ModuleAt(v)
		f.BuildIDAt(v)
	}
}

// sameFacts fails when two ways of reading one core contradict each other.
// What one of them does not know is no contradiction: a stream cannot go back.
func sameFacts(t *testing.T, a, b *corefile.Facts) {
	t.Helper()
	if d := cmp.Diff(a.Thread, b.Thread); d != "" {
		t.Fatalf("threads differ:\n%s", d)
	}
	if d := cmp.Diff(a.Identity, b.Identity); d != "" {
		t.Fatalf("identities differ:\n%s", d)
	}
	if a.Signal != b.Signal || a.Process != b.Process || a.Producer != b.Producer {
		t.Fatalf("%+v %+v %s, %+v %+v %s", a.Signal, a.Process, a.Producer, b.Signal, b.Process, b.Producer)
	}
	if d := cmp.Diff(a.Files, b.Files); d != "" {
		t.Fatalf("files differ:\n%s", d)
	}
	for _, v := range a.Thread.Registers.Values {
		x, inA := a.Memory.Word(v)
		y, inB := b.Memory.Word(v)
		if inA && inB && x != y {
			t.Fatalf("word at %#x: %#x and %#x", v, x, y)
		}
	}
}

// simple reports whether a stream must be able to read what random access
// read: extended numbering and program headers behind the notes need a step
// back.
func simple(err error) bool {
	var e *corefile.Error
	return err == nil || !errors.As(err, &e) || e.Reason != corefile.ReasonLimit
}

func FuzzRead(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		opt := corefile.Options{MaxDecompressed: 1 << 20, MaxWindow: 1 << 20}
		var ranged *corefile.Facts
		var err error
		used := allocated(func() { ranged, err = corefile.Read(bytes.NewReader(b), int64(len(b)), opt) })
		if used > maxAlloc && (err != nil || ranged.Compression == "") {
			t.Fatalf("%d bytes allocated for %d bytes of input", used, len(b))
		}
		again, err2 := corefile.Read(bytes.NewReader(b), int64(len(b)), opt)
		if (err == nil) != (err2 == nil) || (err != nil && err.Error() != err2.Error()) {
			t.Fatalf("not deterministic: %v, %v", err, err2)
		}
		stream, streamErr := corefile.ReadStream(onlyReader{bytes.NewReader(b)}, opt)
		if err != nil {
			if e := (*corefile.Error)(nil); !errors.As(err, &e) {
				t.Fatalf("%T is not an *Error", err)
			}
			return
		}
		inspect(ranged)
		if d := cmp.Diff(essenceOf(ranged), essenceOf(again)); d != "" {
			t.Fatalf("not deterministic:\n%s", d)
		}
		if streamErr == nil && stream.Compression == "" && stream.ThreadsComplete && ranged.ThreadsComplete && onePass(b) {
			sameFacts(t, ranged, stream)
		}
		if streamErr != nil && onePass(b) && simple(streamErr) {
			t.Fatalf("read by random access, but not as a stream: %v", streamErr)
		}
	})
}

// onePass reports whether the file is laid out so that a stream sees all of
// it: program headers first, then one PT_NOTE.
func onePass(b []byte) bool {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return false
	}
	notes := 0
	for _, p := range f.Progs {
		if p.Type == elf.PT_NOTE {
			notes++
			if p.Off < uint64(64+56*len(f.Progs)) {
				return false
			}
		}
	}
	return notes == 1 && len(f.Progs) < 0xffff
}

// onlyReader hides every method but Read.
type onlyReader struct{ io.Reader }

// FuzzNotes puts the input behind valid headers, as the whole PT_NOTE.
func FuzzNotes(f *testing.F) {
	for _, b := range seeds(f) {
		if at := bytes.Index(b, []byte("CORE\x00")); at > 12 {
			f.Add(b[at-12:min(len(b), at+3000)], uint8(len(b)%14))
		}
	}
	f.Fuzz(func(t *testing.T, notes []byte, kind uint8) {
		p := ports[int(kind)%len(ports)]
		c := p.core(t)
		c.Threads, c.Signal, c.Process, c.Auxv, c.Files = nil, nil, nil, nil, nil
		img := coretest.Must(c)
		at := img.Size()
		img.Write(at, notes...)
		if p.class == elf.ELFCLASS32 {
			img.Put32(img.PhdrAt(0)+4, uint32(at)).Put32(img.PhdrAt(0)+16, uint32(len(notes)))
		} else {
			img.Put64(img.PhdrAt(0)+8, uint64(at)).Put64(img.PhdrAt(0)+32, uint64(len(notes)))
		}
		raw := img.Bytes()
		var got *corefile.Facts
		var err error
		used := allocated(func() { got, err = corefile.Read(bytes.NewReader(raw), int64(len(raw)), corefile.Options{}) })
		if used > maxAlloc {
			t.Fatalf("%d bytes allocated for %d bytes of notes", used, len(notes))
		}
		if err != nil {
			return
		}
		inspect(got)
		if got.ThreadCount < 1 || got.ThreadCount > len(notes)/12 {
			t.Fatalf("%d threads in %d bytes", got.ThreadCount, len(notes))
		}
		stream, err := corefile.ReadStream(bytes.NewReader(raw), corefile.Options{})
		if err != nil {
			t.Fatal("as a stream:", err)
		}
		sameFacts(t, got, stream)
	})
}

// FuzzDecompress feeds compressed input, damaged and hostile.
func FuzzDecompress(f *testing.F) {
	small := coretest.Must(ports[0].core(f)).Bytes()
	for format := range compressors {
		b := compress(f, format, small)
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(append(bytes.Clone(b[:len(b)-8]), b...))
	}
	if b, err := os.ReadFile("testdata/cores/trunc_ulimit4k.core.zst"); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit, window = 1 << 20, 1 << 20
		opt := corefile.Options{MaxDecompressed: limit, MaxWindow: window}
		var got *corefile.Facts
		var err error
		used := allocated(func() { got, err = corefile.Read(bytes.NewReader(b), int64(len(b)), opt) })
		// lz4 blocks have 4 MiB, legacy ones 8, whatever the window; a
		// decoder also keeps about twice its window.
		if used > 24<<20 {
			t.Fatalf("%d bytes allocated for %d bytes of input", used, len(b))
		}
		stream, streamErr := corefile.ReadStream(bytes.NewReader(b), opt)
		if err != nil {
			return
		}
		if got.Compression != "" && got.BytesRead > 4*limit {
			t.Fatalf("%d bytes decompressed, limit %d", got.BytesRead, limit)
		}
		inspect(got)
		if got.Compression == "" || streamErr != nil {
			return
		}
		if stream.Compression != got.Compression {
			t.Fatalf("compression %q, as a stream %q", got.Compression, stream.Compression)
		}
		if d := cmp.Diff(got.Identity, stream.Identity); d != "" {
			t.Fatalf("identities differ:\n%s", d)
		}
	})
}
