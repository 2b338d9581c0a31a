package corefile_test

import (
	"debug/elf"
	"fmt"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// threaded returns a core of n threads whose crashing one has pc 0x401234.
func threaded(t testing.TB, n int, producer coretest.Producer) coretest.Core {
	t.Helper()
	c := ports[0].core(t)
	c.Producer = producer
	for i := 1; i < n; i++ {
		c.Threads = append(c.Threads, coretest.Thread{ID: int32(5000 + i)})
	}
	c.Extra = []coretest.Note{{Name: "LINUX", Type: 0x202, Desc: make([]byte, 2432)}}
	return c
}

// TestThreadCount counts threads of every producer, with and without the
// trailing note of the machine that newer kernels write.
func TestThreadCount(t *testing.T) {
	tail := []coretest.Note{{Name: "LINUX", Type: 0x205, Desc: make([]byte, 64)}}
	for _, producer := range []coretest.Producer{coretest.Kernel, coretest.Gcore, coretest.QEMU} {
		for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 50, 2000} {
			for _, extra := range [][]coretest.Note{nil, tail} {
				t.Run(fmt.Sprintf("%d/%d/%d", producer, n, len(extra)), func(t *testing.T) {
					c := threaded(t, n, producer)
					c.Tail = extra
					img := coretest.Must(c)
					f, err := corefile.Read(img, img.Size(), corefile.Options{})
					if err != nil {
						t.Fatal(err)
					}
					if f.ThreadCount != n || !f.ThreadsComplete {
						t.Errorf("%d threads (complete %v), want %d", f.ThreadCount, f.ThreadsComplete, n)
					}
					if f.Thread.Registers.PC != 0x401234 {
						t.Errorf("pc %#x: not the crashing thread", f.Thread.Registers.PC)
					}
					if producer == coretest.Kernel && f.BytesRead > 64<<10 {
						t.Errorf("%d bytes read", f.BytesRead)
					}
				})
			}
		}
	}
}

// TestThreadCountUneven: threads whose notes differ in length are counted one
// by one, since dividing would be a guess.
func TestThreadCountUneven(t *testing.T) {
	c := ports[0].core(t)
	for i := range 9 {
		desc := make([]byte, 336)
		c.Tail = append(c.Tail,
			coretest.Note{Name: "CORE", Type: coretest.NTPRStatus, Desc: desc},
			coretest.Note{Name: "LINUX", Type: 0x202, Desc: make([]byte, 100+(i*i)%7*64)})
	}
	img := coretest.Must(c)
	f, err := corefile.Read(img, img.Size(), corefile.Options{})
	if err != nil || f.ThreadCount != 10 || !f.ThreadsComplete {
		t.Errorf("%d threads (%v), %v; want 10", f.ThreadCount, f.ThreadsComplete, err)
	}
}

func TestNotesLimit(t *testing.T) {
	c := threaded(t, 50, coretest.Gcore)
	img := coretest.Must(c)
	f, err := corefile.Read(img, img.Size(), corefile.Options{MaxNotes: 20 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if f.ThreadsComplete || f.ThreadCount >= 50 || f.ThreadCount < 5 {
		t.Errorf("%d threads, complete %v", f.ThreadCount, f.ThreadsComplete)
	}
}

// TestCrashingThread: the first of a kernel core whatever the signals say, the
// one with a signal of other producers.
func TestCrashingThread(t *testing.T) {
	for _, tt := range []struct {
		producer coretest.Producer
		want     int64
	}{{coretest.Kernel, 1}, {coretest.Gcore, 2}} {
		img := coretest.Must(coretest.Core{
			Machine: elf.EM_X86_64, Producer: tt.producer,
			Process: &coretest.Process{PID: 1},
			Signal:  &coretest.Signal{Number: 11, Code: 1},
			Threads: []coretest.Thread{{ID: 1}, {ID: 2, Signal: 11}, {ID: 3, Signal: 6}},
		})
		f, err := corefile.Read(img, img.Size(), corefile.Options{})
		if err != nil || f.Thread.ID != tt.want {
			t.Errorf("producer %d: thread %d, %v; want %d", tt.producer, f.Thread.ID, err, tt.want)
		}
	}
}

func TestProducer(t *testing.T) {
	for producer, want := range map[coretest.Producer]string{
		coretest.Kernel: "kernel", coretest.Gcore: "gcore", coretest.QEMU: "qemu",
	} {
		c := ports[0].core(t)
		c.Producer = producer
		img := coretest.Must(c)
		f, err := corefile.Read(img, img.Size(), corefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Producer != want {
			t.Errorf("producer %q, want %q", f.Producer, want)
		}
		if got := f.Signal.HasInfo && f.HasFiles; got != (producer != coretest.QEMU) {
			t.Errorf("%s: signal %+v, files %v", want, f.Signal, f.HasFiles)
		}
		if f.Signal.Number != 11 {
			t.Errorf("%s: signal %d, which pr_cursig has", want, f.Signal.Number)
		}
	}
}

// TestManyFiles: of more mappings than are kept, the executable ones and the
// start of their modules are.
func TestManyFiles(t *testing.T) {
	c := ports[0].core(t)
	base := uint64(0x10_0000_0000)
	for i := range uint64(30000) {
		c.Files = append(c.Files, coretest.File{Start: base + i*0x2000, End: base + i*0x2000 + 0x1000, Path: fmt.Sprintf("/data/%d.sst", i)})
		c.Segments = append(c.Segments, coretest.Segment{Start: base + i*0x2000, Size: 0x1000, Flags: elf.PF_R})
	}
	img := coretest.Must(c)
	f, err := corefile.Read(img, img.Size(), corefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !f.HasFiles || f.FilesComplete || len(f.Files) != 2 || f.Files[1].Path != "/bin/victim" {
		t.Errorf("%d files, complete %v", len(f.Files), f.FilesComplete)
	}
	if f.ExecutableBuildID != "abcd0102" {
		t.Errorf("executable's build id %q", f.ExecutableBuildID)
	}
}
