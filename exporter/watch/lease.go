package watch

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Writers says whether a file is open for writing somewhere.
type Writers int

// The answers of [WritersOf].
const (
	// WritersUnknown: the kernel would not tell (neither owner nor
	// CAP_LEASE, or a filesystem without leases).
	WritersUnknown Writers = iota
	// WritersNone: nobody, on this machine, has the file open for writing.
	WritersNone
	// WritersSome: a process, or the kernel dumping a core, is writing.
	WritersSome
)

// WritersOf asks the kernel whether anybody has f open for writing, by taking
// and at once giving back a read lease (fcntl(2), F_SETLEASE: EAGAIN while the
// file is open for writing). It stands in for IN_CLOSE_WRITE, which fsnotify
// does not pass on, and unlike it also answers for files found by a scan.
func WritersOf(f *os.File) Writers {
	raw, err := f.SyscallConn()
	if err != nil {
		return WritersUnknown
	}
	answer := WritersUnknown
	err = raw.Control(func(fd uintptr) {
		_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK)
		switch {
		case err == nil:
			answer = WritersNone
			_, _ = unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK) // closing the file would release it too
		case errors.Is(err, unix.EAGAIN):
			answer = WritersSome
		}
	})
	if err != nil {
		return WritersUnknown
	}
	return answer
}
