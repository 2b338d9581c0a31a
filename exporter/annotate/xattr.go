package annotate

import (
	"os"
	"path"
	"time"

	"golang.org/x/sys/unix"
)

// XattrsOf reads what systemd-coredump writes beside a core, as extended
// attributes user.coredump.* (src/coredump/coredump-submit.c, context_fields).
// They say more exactly than the name when and of what process the core is. A
// file without them gives the zero CoreName.
func XattrsOf(f *os.File) CoreName {
	var n CoreName
	raw, err := f.SyscallConn()
	if err != nil {
		return n
	}
	err = raw.Control(func(fd uintptr) {
		read := func(field string) string {
			var b [4096]byte
			size, err := unix.Fgetxattr(int(fd), "user.coredump."+field, b[:])
			if err != nil || size <= 0 {
				return ""
			}
			return cstring(b[:size])
		}
		us := number(read("timestamp"))
		if us <= 0 {
			return
		}
		n = CoreName{
			Time: time.UnixMicro(us).UTC(), PID: number(read("pid")), HostPID: true,
			UID: read("uid"), Signal: number(read("signal")), Host: read("hostname"), Exe: read("comm"),
		}
		if exe := read("exe"); exe != "" {
			n.Exe = path.Base(exe)
		}
	})
	if err != nil {
		return CoreName{}
	}
	return n
}
