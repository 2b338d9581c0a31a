package retain

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Identity is one state of one file; any write, replacement, renaming or change
// of its attributes changes it.
type Identity struct {
	Dev, Ino            uint64
	Size, Mtime, Change int64 // bytes; nanoseconds since the epoch
}

// core is a file that may be a core on record.
type core struct {
	name    string
	id      Identity
	uid     uint32
	links   uint64
	space   int64 // bytes on disk; a sparse file has less than its size
	written time.Time
	crash   string // id of its crash, once examined
}

// directory is an open directory.
type directory struct {
	path string
	file *os.File
}

// openDirectory opens a directory. Its own path may lead through symbolic links,
// as the configuration says; nothing below may.
func openDirectory(path string) (*directory, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return &directory{path, os.NewFile(uintptr(fd), path)}, nil
}

func (d *directory) fd() int { return int(d.file.Fd()) }

// handle is a path to a file that leads through the open directory, whatever
// has taken its place since.
func (d *directory) handle(name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.fd(), name)
}

// maxNames bounds the files of a directory that are looked at. What is beyond
// is found when those are gone.
const maxNames = 1 << 17

// list returns the regular files of the directory but those that somebody is
// preparing (".#…").
func (d *directory) list() ([]core, error) {
	var all []core
	for seen := 0; seen < maxNames; {
		names, err := d.file.Readdirnames(1024)
		for _, name := range names {
			seen++
			if strings.HasPrefix(name, ".#") && !strings.HasPrefix(name, asidePrefix) {
				continue
			}
			if c, err := d.stat(name); err == nil {
				all = append(all, c)
			}
		}
		if errors.Is(err, io.EOF) || (err == nil && len(names) == 0) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

var errNotRegular = errors.New("not a regular file")

// stat looks at a name without following a symbolic link.
func (d *directory) stat(name string) (core, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return core{}, &os.PathError{Op: "stat", Path: name, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return core{}, &os.PathError{Op: "stat", Path: name, Err: errNotRegular}
	}
	c := core{
		name: name, uid: st.Uid, links: uint64(st.Nlink), space: st.Blocks * 512, //nolint:unconvert // the width differs between architectures
		id: Identity{Dev: uint64(st.Dev), Ino: st.Ino, Size: st.Size, Mtime: st.Mtim.Nano(), Change: st.Ctim.Nano()}, //nolint:unconvert // see above
	}
	c.written = time.Unix(0, c.id.Mtime)
	return c, nil
}

// free returns the bytes of the filesystem that an ordinary user could take.
func (d *directory) free() (int64, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(d.fd(), &st); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: d.path, Err: err}
	}
	return int64(st.Bavail) * st.Bsize, nil //nolint:gosec,unconvert // no filesystem is that large
}
