package watch

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrNotRegular is wrapped when a path is a symbolic link, a FIFO, a device, a
// socket or a directory; core directories are writable by others, who may plant
// any of them.
var ErrNotRegular = errors.New("not a regular file")

// Open opens a regular file for reading without following a symbolic link and
// without blocking on a FIFO or starting a device. The check is made on the
// open file, so that nothing can be swapped in between.
func Open(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("open %q: symbolic link: %w", path, ErrNotRegular)
	}
	if errors.Is(err, unix.ENXIO) { // a socket, or a device without a driver
		return nil, fmt.Errorf("open %q: socket or device: %w", path, ErrNotRegular)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, &os.PathError{Op: "fstat", Path: path, Err: err}
	}
	if what := irregular(st.Mode); what != "" {
		unix.Close(fd)
		return nil, fmt.Errorf("open %q: %s: %w", path, what, ErrNotRegular)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// irregular names what a mode is when it is no regular file, from a closed set
// that serves as a metric label.
func irregular(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return ""
	case unix.S_IFLNK:
		return "symlink"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFDIR:
		return "directory"
	default:
		return "device"
	}
}

// Refusals lists the closed set of reasons for which a path is refused.
func Refusals() []string { return []string{"symlink", "fifo", "socket", "device"} }
