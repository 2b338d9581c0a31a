package watch

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Key identifies one state of one file. Any write, truncation, rename over or
// replacement changes it; reading does not.
type Key struct {
	Dev, Ino uint64
	Size     int64
	Mtime    int64 // nanoseconds since the epoch
	Ctime    int64 // nanoseconds since the epoch
}

// keySize is the length of a key in the form of AppendKeys.
const keySize = 5 * 8

// AppendKeys appends the keys to b in a compact form, of which a directory with
// very many files makes a difference.
func AppendKeys(b []byte, keys []Key) []byte {
	b = slices.Grow(b, len(keys)*keySize)
	for _, k := range keys {
		for _, v := range [...]uint64{k.Dev, k.Ino, uint64(k.Size), uint64(k.Mtime), uint64(k.Ctime)} { //nolint:gosec // bits only
			b = binary.LittleEndian.AppendUint64(b, v)
		}
	}
	return b
}

// ParseKeys reads what AppendKeys wrote.
func ParseKeys(b []byte) ([]Key, error) {
	if len(b)%keySize != 0 {
		return nil, fmt.Errorf("states of files: %d bytes are not a multiple of %d", len(b), keySize)
	}
	keys := make([]Key, 0, len(b)/keySize)
	for ; len(b) > 0; b = b[keySize:] {
		at := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
		keys = append(keys, Key{at(0), at(1), int64(at(2)), int64(at(3)), int64(at(4))}) //nolint:gosec // bits only
	}
	return keys, nil
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
