package watch

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Key identifies one state of one file. Any write, truncation, rename over or
// replacement changes it; reading does not.
type Key struct {
	Dev   uint64 `json:"dev"`
	Ino   uint64 `json:"ino"`
	Size  int64  `json:"size"`
	Mtime int64  `json:"mtime"` // nanoseconds since the epoch
	Ctime int64  `json:"ctime"` // nanoseconds since the epoch
}

func keyOf(st *unix.Stat_t) Key {
	return Key{
		Dev: uint64(st.Dev), Ino: st.Ino, Size: st.Size, //nolint:unconvert // the width of Dev differs between architectures
		Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(),
	}
}

// ModTime is the time of the last write to the file.
func (k Key) ModTime() time.Time { return time.Unix(0, k.Mtime).UTC() }

// KeyOf returns the key of an open file as it is now, with its owner.
func KeyOf(f *os.File) (key Key, uid uint32, err error) {
	st, err := fstat(f)
	if err != nil {
		return Key{}, 0, err
	}
	return keyOf(&st), st.Uid, nil
}

func fstat(f *os.File) (unix.Stat_t, error) {
	var st unix.Stat_t
	raw, err := f.SyscallConn()
	if err != nil {
		return st, err
	}
	var statErr error
	if err := raw.Control(func(fd uintptr) { statErr = unix.Fstat(int(fd), &st) }); err != nil {
		return st, err
	}
	if statErr != nil {
		return st, &os.PathError{Op: "fstat", Path: f.Name(), Err: statErr}
	}
	return st, nil
}
