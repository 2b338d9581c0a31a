package corefile_test

import (
	"debug/elf"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// maxAlloc is what one uncompressed core may allocate, whatever it holds.
const maxAlloc = 2 << 20

// allocated returns the bytes allocated by fn, garbage included.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// manySegments is a process of n mappings of alternating permissions.
func manySegments(t testing.TB, n int) coretest.Core {
	c := ports[0].core(t)
	last := len(c.Segments) - 1
	stack := c.Segments[last]
	stack.Start += 0x7ffe_0000_0000
	c.Segments = c.Segments[:last]
	for i := len(c.Segments); i < n-1; i++ {
		s := coretest.Segment{Start: 0x10_0000_0000 + uint64(i)*0x1000, Size: 0x1000, Flags: elf.PF_R}
		if i%2 == 0 {
			s.Flags |= elf.PF_W
		}
		c.Segments = append(c.Segments, s)
	}
	c.Segments = append(c.Segments, stack)
	c.Threads[0].Registers["rsp"] = stack.Start + 0x800
	return c
}

// oddSegments have addresses and sizes that no page-aligned encoding holds.
func oddSegments(t testing.TB, n int) coretest.Core {
	c := manySegments(t, n)
	for i := range c.Segments {
		c.Segments[i].Start += 3
		c.Segments[i].Size -= 5
	}
	return c
}

func manyFiles(t testing.TB, n int) coretest.Core {
	c := ports[0].core(t)
	for i := range uint64(n) {
		start := 0x10_0000_0000 + i*0x1000
		c.Files = append(c.Files, coretest.File{Start: start, End: start + 0x1000, Path: fmt.Sprintf("/very/long/path/to/a/file/of/a/database/%0200d", i)})
	}
	c.Segments = append(c.Segments, coretest.Segment{Start: 0x10_0000_0000, Size: uint64(n) * 0x1000, Flags: elf.PF_X})
	return c
}

func TestAllocationBound(t *testing.T) {
	million := manySegments(t, 3)
	million.ExtendedNumbering = true
	claims := coretest.Must(million)
	claims.Put32(claims.Size()-20, 1<<31) // sh_info
	sparse := coretest.Must(manySegments(t, 80041))
	tests := []struct {
		name string
		in   io.ReaderAt
		size int64
	}{
		{"80,041 segments", sparse, sparse.Size()},
		{"segments shuffled", shuffled(t), 0},
		{"odd segments", coretest.Must(oddSegments(t, 80041)), 0},
		{"1,048,576 segments", coretest.Must(manySegments(t, 1<<20)), 0},
		{"2,000 threads", coretest.Must(threaded(t, 2000, coretest.Kernel)), 0},
		{"2,000 threads by gcore", coretest.Must(threaded(t, 2000, coretest.Gcore)), 0},
		{"3,000 long paths", coretest.Must(manyFiles(t, 3000)), 0},
		{"60,000 executable files", coretest.Must(manyFiles(t, 60000)), 0},
		{"claims two billion segments", claims, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.size == 0 {
				tt.size = tt.in.(*coretest.Image).Size()
			}
			var f *corefile.Facts
			var err error
			got := allocated(func() { f, err = corefile.Read(tt.in, tt.size, corefile.Options{}) })
			if err != nil {
				t.Fatal(err)
			}
			if got > maxAlloc {
				t.Errorf("%d bytes allocated, at most %d are allowed", got, maxAlloc)
			}
			if f.Thread.Registers.PC != 0x401234 {
				t.Errorf("pc %#x", f.Thread.Registers.PC)
			}
			if _, ok := f.Memory.Word(f.Thread.Registers.SP); !ok && tt.name != "claims two billion segments" {
				t.Error("the stack window was not found")
			}
			t.Logf("%d KiB allocated, %d bytes in %d reads", got>>10, f.BytesRead, f.Reads)
		})
	}
}

// shuffled has its segments in no order, as core_sort_vma leaves them.
func shuffled(t testing.TB) *coretest.Image {
	c := manySegments(t, 80041)
	for i := range c.Segments {
		j := i * 7919 % len(c.Segments)
		c.Segments[i], c.Segments[j] = c.Segments[j], c.Segments[i]
	}
	return coretest.Must(c)
}

// TestSegmentsFound looks every segment of a large core up again.
func TestSegmentsFound(t *testing.T) {
	for name, c := range map[string]coretest.Core{"even": manySegments(t, 70000), "few odd": oddSegments(t, 1000)} {
		img := coretest.Must(c)
		f, err := corefile.Read(img, img.Size(), corefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Segments {
			for _, addr := range []uint64{s.Start, s.Start + s.Size/2, s.Start + s.Size - 1} {
				got, found, complete := f.Memory.Segment(addr)
				if !found || !complete || got.Start != s.Start || got.End != s.Start+s.Size || got.Flags != s.Flags || got.Dumped != min(s.Size, uint64(len(s.Data))) {
					t.Fatalf("%s: segment at %#x: %+v %v %v", name, addr, got, found, complete)
				}
			}
			if name == "few odd" {
				if _, found, _ := f.Memory.Segment(s.Start - 1); found {
					t.Fatalf("%s: something was found below %#x", name, s.Start)
				}
			}
		}
	}
}

// TestHugeCore reads a sparse core of 2.5 GiB within the promised bounds.
func TestHugeCore(t *testing.T) {
	c := ports[0].core(t)
	heap := coretest.Segment{Start: 0x10_0000_0000, Size: 5 << 29, Dumped: 5 << 29, Flags: elf.PF_R | elf.PF_W}
	c.Segments = append(c.Segments[:2:2], heap, c.Segments[2])
	img := coretest.Must(c)
	f, err := corefile.Read(img, img.Size(), corefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Memory.Word(f.Thread.Registers.SP); !ok || f.BytesRead >= 32<<10 || f.Reads > 5 {
		t.Errorf("stack known %v, %d bytes in %d reads of %d bytes", ok, f.BytesRead, f.Reads, img.Size())
	}
	t.Logf("%d bytes in %d reads", f.BytesRead, f.Reads)
	if img.Size() < 2500<<20 {
		t.Errorf("the core has %d bytes", img.Size())
	}
}
