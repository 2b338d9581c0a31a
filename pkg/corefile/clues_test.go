package corefile_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// TestClues: an aborted thread's stack points to the library's last words, be
// it from a live frame or from one just left; other signals' stacks are not
// followed, nor are pointers to files and to read-only memory.
func TestClues(t *testing.T) {
	const heap, mapped, constant = 0x5000_0000, 0x6000_0000, 0x6100_0000
	c := ports[0].core(t)
	stack := c.Segments[2].Data
	binary.LittleEndian.PutUint64(stack[0x800+0x20:], heap+0x400)
	binary.LittleEndian.PutUint64(stack[0x800-0x118:], heap+0x3000)
	binary.LittleEndian.PutUint64(stack[0x800+0x28:], mapped)
	binary.LittleEndian.PutUint64(stack[0x800+0x30:], constant)
	text := bytes.Repeat([]byte("free(): double free detected. "), 1000)
	rw := elf.PF_R | elf.PF_W
	c.Segments = append(c.Segments,
		coretest.Segment{Start: heap, Size: 0x4000, Flags: rw, Data: text[:0x4000]},
		coretest.Segment{Start: mapped, Size: 0x1000, Flags: rw, Data: text[:0x1000]},
		coretest.Segment{Start: constant, Size: 0x1000, Flags: elf.PF_R, Data: text[:0x1000]})
	c.Files = append(c.Files, coretest.File{Start: mapped, End: mapped + 0x1000, Path: "/data"})
	for signal, want := range map[int32]bool{6: true, 11: false} {
		c.Signal = &coretest.Signal{Number: signal, Code: -6, SenderPID: 4241}
		img := coretest.Must(c)
		f, err := corefile.Read(img, img.Size(), corefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, addr := range []uint64{heap + 0x400, heap + 0x3000 - 64} {
			b, ok := f.Memory.Bytes(addr, 128)
			if ok != want || (ok && !bytes.Equal(b, text[addr-heap:][:128])) {
				t.Errorf("signal %d: bytes at %#x known %v, want %v", signal, addr, ok, want)
			}
		}
		for _, addr := range []uint64{mapped, constant, heap + 0x1000} {
			if _, ok := f.Memory.Bytes(addr, 8); ok {
				t.Errorf("signal %d: bytes at %#x were captured", signal, addr)
			}
		}
		if f.BytesRead > 48<<10 {
			t.Errorf("%d bytes read", f.BytesRead)
		}
	}
}
