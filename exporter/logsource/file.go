package logsource

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// File follows a log file by name, from its present end on, over rotation and
// truncation. Its lines are evidence for filters; they are dated by the moment
// in which they are read.
type File struct {
	Name   string // by which filters know it
	Path   string
	Poll   time.Duration // default 1s
	Logger *slog.Logger

	file    *os.File
	partial []byte // a line without its end
	missing bool
}

const (
	maxLine     = 16 << 10 // longer lines are cut
	maxPerRound = 4 << 20  // a log that grows faster than this per round is read late
)

// Run calls each for every line until ctx is done.
func (f *File) Run(ctx context.Context, each func(Line)) {
	poll := f.Poll
	if poll <= 0 {
		poll = time.Second
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	f.open(io.SeekEnd)
	defer f.close()
	for {
		f.read(each)
		if f.replaced() {
			f.read(each) // what was written before the rotation
			f.close()
			f.open(io.SeekStart) // read at the next tick: one that cannot be opened must not spin
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// open opens the file at its start or end; a file that is not there is awaited.
func (f *File) open(whence int) {
	file, err := os.OpenFile(f.Path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err == nil {
		if st, statErr := file.Stat(); statErr == nil && !st.Mode().IsRegular() {
			err = errors.Join(errors.New("not a regular file"), file.Close())
		}
	}
	if err == nil {
		_, err = file.Seek(0, whence)
	}
	if err != nil {
		if !f.missing {
			f.Logger.Warn("Cannot follow a log file, waiting for it", "log", f.Name, "file", f.Path, "err", err)
		}
		f.missing = true
		return
	}
	f.file, f.missing = file, false
}

func (f *File) close() {
	if f.file != nil {
		_ = f.file.Close() // was only read
	}
	f.file, f.partial = nil, nil
}

// replaced reports whether another file bears the name now, or the same one was
// cut short. While none does, the old one is followed.
func (f *File) replaced() bool {
	now, err := os.Stat(f.Path)
	if err != nil {
		return false
	}
	if f.file == nil {
		return true
	}
	have, err := f.file.Stat()
	if err != nil || !os.SameFile(have, now) {
		return true
	}
	at, err := f.file.Seek(0, io.SeekCurrent)
	return err != nil || now.Size() < at
}

// read passes on the lines that were added.
func (f *File) read(each func(Line)) {
	if f.file == nil {
		return
	}
	buf := make([]byte, 64<<10)
	for total := 0; total < maxPerRound; {
		n, err := f.file.Read(buf)
		total += n
		f.split(buf[:n], each)
		if err != nil || n == 0 {
			return
		}
	}
}

func (f *File) split(b []byte, each func(Line)) {
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		f.partial = append(f.partial, line[:min(len(line), maxLine-len(f.partial))]...)
		b = rest
		if whole {
			each(Line{Log: f.Name, Time: time.Now(), Text: string(bytes.TrimSuffix(f.partial, []byte("\r")))})
			f.partial = f.partial[:0]
		}
	}
}
