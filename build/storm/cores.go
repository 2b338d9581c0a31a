package storm

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"

	"github.com/epicurve/epicurve/pkg/coretest"
)

// core writes a core file of a return to null; the pid makes it a crash of its
// own. It is size bytes long, or as short as possible when size is 0.
func core(pid int, size int64) []byte { return image(pid, size).Bytes() }

// image is core without the bytes, which of a huge one are mostly zeros.
func image(pid int, size int64) *coretest.Image {
	const sp = 0x7ffd_f100
	c := coretest.Core{
		Machine: elf.EM_X86_64,
		Threads: []coretest.Thread{{ID: int32(pid), Registers: map[string]uint64{"rip": 0, "rsp": sp}}}, //nolint:gosec // pids are small
		Signal:  &coretest.Signal{Number: 11, Code: 1},
		Process: &coretest.Process{PID: int32(pid), Name: "storm"}, //nolint:gosec // see above
		Segments: []coretest.Segment{
			{Start: 0x7ffd_f000, Size: 0x1000, Flags: elf.PF_R | elf.PF_W, Data: make([]byte, 0x1000)},
		},
	}
	if size > 0x2000 {
		heap := uint64(size) - 0x2000
		c.Segments = append([]coretest.Segment{
			{Start: 0x1000_0000, Size: heap, Flags: elf.PF_R | elf.PF_W, Dumped: heap},
		}, c.Segments...)
	}
	return coretest.Must(c)
}

// drop puts a core into a directory: every second one written in place, as the
// kernel does, the others written aside and renamed, as systemd-coredump does.
func drop(dir string, i int, content []byte) error {
	path := filepath.Join(dir, fmt.Sprintf("core.%d", i))
	if i%2 == 0 {
		return os.WriteFile(path, content, 0o600)
	}
	aside := filepath.Join(dir, fmt.Sprintf(".#core.%d", i))
	if err := os.WriteFile(aside, content, 0o600); err != nil {
		return err
	}
	return os.Rename(aside, path)
}
