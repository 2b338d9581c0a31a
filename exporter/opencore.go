package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// readCore reads a file, or whatever else can only be read forward. It uses
// bare descriptors: an os.File costs two more system calls, a finalizer and a
// lock for each read, which shows when there are thousands of small cores.
func (c *cli) readCore(ctx context.Context, path string) (*corefile.Facts, error) {
	opt := corefile.Options{Context: ctx}
	if path == stdinArg {
		return corefile.ReadStream(c.stdin, opt)
	}
	fd, err := retry(func() (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "stat", Path: path, Err: err}, unix.Close(fd))
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return nil, errors.Join(fmt.Errorf("%s is a directory, name the core files in it", path), unix.Close(fd))
	case unix.S_IFREG:
		defer unix.Close(fd) //nolint:errcheck // read-only: nothing can be lost
		return corefile.Read(descriptor{fd, path}, st.Size, opt)
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	return corefile.ReadStream(file, opt)
}

// descriptor reads a regular file.
type descriptor struct {
	fd   int
	path string
}

func (d descriptor) ReadAt(p []byte, off int64) (done int, err error) {
	for done < len(p) {
		n, err := retry(func() (int, error) { return unix.Pread(d.fd, p[done:], off+int64(done)) })
		switch {
		case err != nil:
			return done, &fs.PathError{Op: "read", Path: d.path, Err: err}
		case n == 0:
			return done, io.EOF
		}
		done += n
	}
	return done, nil
}

// retry calls f until a signal no longer interrupts it.
func retry(f func() (int, error)) (int, error) {
	for {
		if n, err := f(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
