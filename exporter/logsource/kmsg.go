package logsource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/pkg/crash"
)

// KernelFeed names the kernel log.
const KernelFeed = "kernel"

// Kernel reads the kernel log from /dev/kmsg, from its oldest record on; it
// needs CAP_SYSLOG where kernel.dmesg_restrict is 1. It keeps no position: the
// log holds the present boot only, and every crash in it is told apart by its
// thread and registers.
type Kernel struct {
	Path   string    // default /dev/kmsg
	Booted time.Time // when the kernel started: its clock counts from there
	Logger *slog.Logger
	// Unprinted is told how many messages about crashes the kernel left out;
	// nil for nobody. Told is the number of the last record that it was told
	// of, and keeps it from being told again by the next reader of the log.
	Unprinted func(n int64)
	Told      *atomic.Int64

	parser KernelParser
	// live is set once everything that was printed before the start was read.
	// From then on the wall clock dates records: the kernel's own clock is
	// not slewed and stands still while the machine sleeps.
	live bool
}

// maxRecord is the largest record of /dev/kmsg (CONSOLE_EXT_LOG_MAX); a shorter
// buffer makes read fail with EINVAL.
const maxRecord = 8 << 10

// registersWithin is how long after its headline the registers of a crash are
// waited for.
const registersWithin = 2 * time.Second

// Run passes on every record, and every crash, until ctx is done. It returns
// early when the log cannot be read at all.
func (k *Kernel) Run(ctx context.Context, sink Sink) error {
	path := k.Path
	if path == "" {
		path = "/dev/kmsg"
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("kernel log: %w", err)
	}
	// Closing wakes the read below: the file is polled, as it was opened
	// without blocking.
	stop := context.AfterFunc(ctx, func() { f.Close() })
	defer func() {
		if stop() {
			f.Close()
		}
	}()
	buf := make([]byte, maxRecord)
	for {
		n, err := k.read(f, buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			k.pass(sink, k.parser.Flush())
			continue
		case errors.Is(err, unix.EPIPE):
			sink.Trouble(crash.SourceKernelLog, TroubleOverwritten)
			k.Logger.Warn("The kernel log was overwritten before it was read; crashes without a core may be missed")
			continue
		case err != nil:
			return fmt.Errorf("kernel log: %w", err)
		}
		if r, ok := k.parse(string(buf[:n])); ok {
			sink.Line(r.line)
			k.unprinted(r)
			k.pass(sink, k.parser.Parse(r.line, r.caller))
		}
	}
}

func (k *Kernel) pass(sink Sink, events []Event) {
	for _, e := range events {
		e.Feed = KernelFeed
		sink.Crash(e)
	}
}

// read reads one record, and notes when it has to wait for it.
func (k *Kernel) read(f *os.File, buf []byte) (n int, err error) {
	var deadline time.Time
	if k.parser.Open() {
		deadline = time.Now().Add(registersWithin)
	}
	if err := f.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var readErr error
	err = raw.Read(func(fd uintptr) bool {
		n, readErr = unix.Read(int(fd), buf)
		if errors.Is(readErr, unix.EAGAIN) {
			k.live = true
			return false // wait
		}
		return true
	})
	switch {
	case err != nil:
		return 0, err
	case readErr != nil:
		return 0, readErr
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// record is one record of the kernel log.
type record struct {
	line   Line
	caller string // its printer, where the kernel tells
	number int64  // counts records since the boot
}

// parse reads a record: "priority,sequence,microseconds,flags[,caller=…];text\n",
// followed by lines of keys (Documentation/ABI/testing/dev-kmsg). Records of
// user space (facility above 0) are left out: anybody allowed to write the log
// could forge a crash.
func (k *Kernel) parse(text string) (r record, ok bool) {
	head, text, ok := strings.Cut(text, ";")
	if !ok {
		return record{}, false
	}
	fields := strings.Split(head, ",")
	if len(fields) < 3 || decimal(fields[0])>>3 != 0 {
		return record{}, false
	}
	r.number = decimal(fields[1])
	for _, f := range fields[3:] {
		if c, found := strings.CutPrefix(f, "caller="); found {
			r.caller = c
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	at := k.Booted.Add(time.Duration(decimal(fields[2])) * time.Microsecond)
	if k.live {
		at = time.Now()
	}
	r.line = Line{Log: KernelFeed, Time: at, Text: unescapeHex(text)}
	return r, true
}

// unprinted tells of messages that the kernel left out, once for each record.
func (k *Kernel) unprinted(r record) {
	if k.Unprinted == nil || k.Told == nil || r.number < k.Told.Load() {
		return
	}
	k.Told.Store(r.number + 1)
	if n := Unprinted(r.line.Text); n > 0 {
		k.Unprinted(n)
	}
}

// unescapeHex reads the \xNN by which the kernel writes control characters,
// backslashes and every byte that is not ASCII. A thread may be named so.
func unescapeHex(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) && s[i+1] == 'x' {
			if v := address(s[i+2 : i+4]); v.Known {
				b.WriteByte(byte(v.Value)) //nolint:gosec // two digits
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
