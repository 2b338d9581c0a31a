package corefile_test

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

func wantReason(t *testing.T, err error, reason corefile.Reason, sentinel error) {
	t.Helper()
	var e *corefile.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	if e.Reason != reason || !errors.Is(err, sentinel) {
		t.Errorf("reason %q (%v), want %q", e.Reason, err, reason)
	}
}

func TestReadErrors(t *testing.T) {
	x86 := ports[0]
	valid := func() *coretest.Image { return coretest.Must(x86.core(t)) }
	status := valid().NoteAt(coretest.NTPRStatus, 0)
	tests := []struct {
		name     string
		input    []byte
		reason   corefile.Reason
		sentinel error
	}{
		{"empty", nil, corefile.ReasonEmpty, corefile.ErrEmpty},
		{"text", []byte("not a core file, but long enough to be one, surely, at sixty-four bytes"), corefile.ReasonNotELF, corefile.ErrNotELF},
		{"one byte of magic", []byte{0x7f}, corefile.ReasonTruncated, corefile.ErrTruncated},
		{"within the ELF header", valid().Truncate(40).Bytes(), corefile.ReasonTruncated, corefile.ErrTruncated},
		{"executable", valid().Put16(16, uint16(elf.ET_EXEC)).Bytes(), corefile.ReasonNotCore, corefile.ErrNotCore},
		{"class 7", valid().Write(4, 7).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
		{"byte order 0", valid().Write(5, 0).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
		{"no program headers", valid().Put16(56, 0).Bytes(), corefile.ReasonNoRegisters, corefile.ErrNoRegisters},
		{"odd phentsize", valid().Put16(54, 57).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
		{"phoff far away", valid().Put64(32, math.MaxUint64).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
		{"phoff behind the end", valid().Put64(32, 1<<40).Bytes(), corefile.ReasonTruncated, corefile.ErrTruncated},
		{"within the program headers", valid().Truncate(100).Bytes(), corefile.ReasonTruncated, corefile.ErrTruncated},
		{"within NT_PRSTATUS", valid().Truncate(status + 100).Bytes(), corefile.ReasonTruncated, corefile.ErrTruncated},
		{"no PT_NOTE", valid().Put32(64, uint32(elf.PT_NULL)).Bytes(), corefile.ReasonNoRegisters, corefile.ErrNoRegisters},
		{"two-byte PT_NOTE", valid().Put64(64+32, 2).Bytes(), corefile.ReasonNoRegisters, corefile.ErrNoRegisters},
		{"note longer than its segment", valid().Put32(status+4, 1<<30).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
		{"note name without end", valid().Put32(status, math.MaxUint32).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
		{"no NT_PRSTATUS", coretest.Must(coretest.Core{Machine: elf.EM_X86_64, Process: &coretest.Process{}}).Bytes(), corefile.ReasonNoRegisters, corefile.ErrNoRegisters},
		{"short NT_PRSTATUS", coretest.Must(coretest.Core{Machine: elf.EM_X86_64, Tail: []coretest.Note{{Name: "CORE", Type: 1, Desc: make([]byte, 100)}}}).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
		{"PN_XNUM without sections", valid().Put16(56, 0xffff).Bytes(), corefile.ReasonMalformed, corefile.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := corefile.Read(bytes.NewReader(tt.input), int64(len(tt.input)), corefile.Options{})
			wantReason(t, err, tt.reason, tt.sentinel)
			if _, err = corefile.ReadStream(bytes.NewReader(tt.input), corefile.Options{}); err == nil {
				t.Error("the stream was accepted")
			}
		})
	}
}

// TestReadSurvives pokes values that must cost only what they claim to be
// about: the registers are still read.
func TestReadSurvives(t *testing.T) {
	const load = 64 + 56 // the first PT_LOAD
	tests := []struct {
		name  string
		poke  func(*coretest.Image)
		check func(*testing.T, *corefile.Facts)
	}{
		{"NT_FILE count wraps", func(m *coretest.Image) {
			m.Put64(m.NoteAt(coretest.NTFile, 0)+20, math.MaxUint64/24+2)
		}, noFiles},
		{"NT_FILE count of a million in a short note", func(m *coretest.Image) {
			m.Put64(m.NoteAt(coretest.NTFile, 0)+20, 1<<20)
		}, noFiles},
		{"NT_FILE page size wraps", func(m *coretest.Image) {
			m.Put64(m.NoteAt(coretest.NTFile, 0)+28, math.MaxUint64)
		}, func(t *testing.T, f *corefile.Facts) {
			if f.Files[1].Offset != math.MaxUint64 {
				t.Errorf("offset %#x", f.Files[1].Offset)
			}
		}},
		{"segment wraps around the address space", func(m *coretest.Image) {
			m.Put64(load+16, math.MaxUint64-0xfff).Put64(load+40, math.MaxUint64)
		}, func(t *testing.T, f *corefile.Facts) {
			if s, ok, _ := f.Memory.Segment(math.MaxUint64 - 1); !ok || s.End != math.MaxUint64 {
				t.Errorf("segment %+v %v", s, ok)
			}
		}},
		{"segment offset overflows", func(m *coretest.Image) {
			m.Put64(load+8, math.MaxInt64).Put64(load+32, math.MaxInt64)
		}, func(t *testing.T, f *corefile.Facts) {
			if _, _, complete := f.Memory.Segment(0x10); complete {
				t.Error("an unusable program header was not noticed")
			}
		}},
		{"auxv without end", func(m *coretest.Image) {
			at := m.NoteAt(coretest.NTAuxv, 0) + 20
			m.Put64(at+48, 77)
		}, func(t *testing.T, f *corefile.Facts) {
			if f.Auxv[9] != 0x401100 {
				t.Errorf("auxv %v", f.Auxv)
			}
		}},
		{"second note broken", func(m *coretest.Image) {
			m.Put32(m.NoteAt(coretest.NTPRPSInfo, 0)+4, math.MaxUint32)
		}, func(t *testing.T, f *corefile.Facts) {
			if f.ThreadsComplete || f.Signal.HasInfo || f.Signal.Number != 11 {
				t.Errorf("threads complete %v, signal %+v", f.ThreadsComplete, f.Signal)
			}
		}},
		{"module header points outside", func(m *coretest.Image) {
			m.Put64(int64(0x1000+32), math.MaxUint64) // e_phoff of the executable's header page
		}, func(t *testing.T, f *corefile.Facts) {
			if f.ExecutableBuildID != "" {
				t.Errorf("build id %q", f.ExecutableBuildID)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			img := coretest.Must(ports[0].core(t))
			tt.poke(img)
			f, err := corefile.Read(img, img.Size(), corefile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if f.Thread.Registers.PC != 0x401234 {
				t.Errorf("pc %#x", f.Thread.Registers.PC)
			}
			tt.check(t, f)
		})
	}
}

func noFiles(t *testing.T, f *corefile.Facts) {
	t.Helper()
	if f.HasFiles || len(f.Files) != 0 {
		t.Errorf("files %v %v", f.HasFiles, f.Files)
	}
}

// TestTruncated cuts one core at every length: never a panic, registers as
// soon as they are there, and memory that is not there is unknown, not zero.
func TestTruncated(t *testing.T) {
	img := coretest.Must(ports[0].core(t))
	whole := img.Bytes()
	status := img.NoteAt(coretest.NTPRStatus, 0) + 20 + 336
	var identity int
	for n := 1; n < len(whole); n += 7 {
		f, err := corefile.Read(bytes.NewReader(whole[:n]), int64(n), corefile.Options{})
		if int64(n) < status {
			wantReason(t, err, corefile.ReasonTruncated, corefile.ErrTruncated)
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if !f.Truncated || f.Thread.Registers.PC != 0x401234 {
			t.Fatalf("%d bytes: truncated %v, pc %#x", n, f.Truncated, f.Thread.Registers.PC)
		}
		if len(f.Identity) < identity {
			t.Fatalf("%d bytes: fewer notes than a shorter file had", n)
		}
		identity = len(f.Identity)
		if _, ok := f.Memory.Word(0x7ff00800); ok && n < len(whole)-0x2000+0x800+8 {
			t.Fatalf("%d bytes: a word that was not dumped is known", n)
		}
	}
	if identity != 4 {
		t.Errorf("%d notes of identity, want 4", identity)
	}
}

func TestAbsentMemoryIsUnknown(t *testing.T) {
	c := ports[0].core(t)
	for i := range c.Segments {
		c.Segments[i].Data = nil // coredump_filter 0
	}
	img := coretest.Must(c)
	f, err := corefile.Read(img, img.Size(), corefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Memory.Word(0x7ff00800); ok {
		t.Error("a word of a segment that was not dumped is known")
	}
	if s, found, complete := f.Memory.Segment(0x7ff00800); !found || !complete || s.Dumped != 0 || !s.Writable() {
		t.Errorf("segment %+v %v %v", s, found, complete)
	}
	if f.Truncated {
		t.Error("a core without memory is not truncated")
	}
}

func TestContextEndsTheRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	img := coretest.Must(ports[0].core(t))
	_, err := corefile.Read(img, img.Size(), corefile.Options{Context: ctx})
	wantReason(t, err, corefile.ReasonLimit, corefile.ErrLimit)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap the context's error", err)
	}
}

// failingDisk fails behind an offset.
type failingDisk struct {
	io.ReaderAt
	from int64
}

var errDisk = errors.New("input/output error")

func (d failingDisk) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > d.from {
		return 0, errDisk
	}
	return d.ReaderAt.ReadAt(p, off)
}

func TestDiskErrors(t *testing.T) {
	c := ports[0].core(t)
	c.Segments = append([]coretest.Segment{{Start: 0x200000, Size: 0x10000, Dumped: 0x10000}}, c.Segments...)
	img := coretest.Must(c)
	_, err := corefile.Read(failingDisk{img, 0}, img.Size(), corefile.Options{})
	wantReason(t, err, corefile.ReasonIO, corefile.ErrIO)
	if !errors.Is(err, errDisk) {
		t.Errorf("%v does not wrap the disk's error", err)
	}
	// What is read ahead may fail: only what is needed counts.
	f, err := corefile.Read(failingDisk{img, 0x2000}, img.Size(), corefile.Options{})
	if err != nil {
		t.Fatal("registers were read, but:", err)
	}
	if f.Incomplete == "" || f.Truncated || f.Thread.Registers.PC != 0x401234 {
		t.Errorf("incomplete %q, truncated %v", f.Incomplete, f.Truncated)
	}
}
