package coretest_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/epicurve/epicurve/pkg/coretest"
)

var small = coretest.Core{
	Machine:  elf.EM_X86_64,
	Threads:  []coretest.Thread{{ID: 1, Registers: map[string]uint64{"rip": 0x1234}}, {ID: 2}},
	Process:  &coretest.Process{PID: 1, Name: "p"},
	Signal:   &coretest.Signal{Number: 11, Code: 1},
	Segments: []coretest.Segment{{Start: 0x1000, Size: 0x2000, Flags: elf.PF_R | elf.PF_X, Data: []byte("text"), Dumped: 0x1000}},
}

// TestBuildIsELF reads what is written with the standard library's reader.
func TestBuildIsELF(t *testing.T) {
	for _, producer := range []coretest.Producer{coretest.Kernel, coretest.Gcore, coretest.QEMU} {
		c := small
		c.Producer = producer
		img, err := coretest.Build(c)
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.NewFile(img)
		if err != nil {
			t.Fatal(err)
		}
		if f.Type != elf.ET_CORE || f.Machine != elf.EM_X86_64 || len(f.Progs) != 2 {
			t.Fatalf("%v %v, %d program headers", f.Type, f.Machine, len(f.Progs))
		}
		notes, load := f.Progs[0], f.Progs[1]
		if atEnd := notes.Off > load.Off; notes.Type != elf.PT_NOTE || atEnd != (producer == coretest.Gcore) {
			t.Errorf("producer %d: notes at %d, memory at %d", producer, notes.Off, load.Off)
		}
		if load.Vaddr != 0x1000 || load.Memsz != 0x2000 || load.Filesz != 0x1000 || load.Flags != elf.PF_R|elf.PF_X {
			t.Errorf("%+v", load.ProgHeader)
		}
		b, err := io.ReadAll(load.Open())
		if err != nil || !bytes.HasPrefix(b, []byte("text\x00")) || len(b) != 0x1000 {
			t.Errorf("memory %q..., %v", b[:min(len(b), 8)], err)
		}
		at := img.NoteAt(coretest.NTPRStatus, 1)
		if typ := binary.LittleEndian.Uint32(img.Bytes()[at+8:]); typ != coretest.NTPRStatus {
			t.Errorf("NoteAt points to a note of type %d", typ)
		}
	}
}

func TestBuildErrors(t *testing.T) {
	c := small
	c.Machine = elf.EM_SPARCV9
	if _, err := coretest.Build(c); err == nil || !strings.Contains(err.Error(), "SPARC") {
		t.Errorf("machine without a layout: %v", err)
	}
	c = small
	c.Threads = []coretest.Thread{{Registers: map[string]uint64{"eax": 1}}}
	if _, err := coretest.Build(c); err == nil || !strings.Contains(err.Error(), "eax") {
		t.Errorf("register of another machine: %v", err)
	}
}

// TestImage: random access, the bytes in memory and pokes agree.
func TestImage(t *testing.T) {
	img := coretest.Must(small).Put32(0x10, 0xdeadbeef).Put16(0x20, 7).Put64(0x30, 9).Write(0x3000, 1, 2, 3)
	b := img.Bytes()
	if int64(len(b)) != img.Size() || img.Size() != 0x3003 {
		t.Errorf("%d bytes, size %d", len(b), img.Size())
	}
	if err := iotest.TestReader(io.NewSectionReader(img, 0, img.Size()), b); err != nil {
		t.Error(err)
	}
	if got := img.Truncate(100).Bytes(); !bytes.Equal(got, b[:100]) {
		t.Errorf("truncated: %d bytes", len(got))
	}
}

// TestExtendedNumbering: more segments than e_phnum can count.
func TestExtendedNumbering(t *testing.T) {
	c := small
	c.Segments = make([]coretest.Segment, 70000)
	b := coretest.Must(c).Bytes()
	le := binary.LittleEndian
	if le.Uint16(b[56:]) != 0xffff {
		t.Errorf("e_phnum %#x", le.Uint16(b[56:]))
	}
	if info := le.Uint32(b[le.Uint64(b[40:])+44:]); info != 70001 {
		t.Errorf("sh_info %d, want 70001", info)
	}
}
