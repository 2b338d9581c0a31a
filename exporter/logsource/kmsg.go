package logsource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Line is one line of a log.
type Line struct {
	Log  string // "kernel", or the name of a log file
	Time time.Time
	Text string
}

// Kernel reads the kernel log from /dev/kmsg, from its oldest record on; it
// needs CAP_SYSLOG where kernel.dmesg_restrict is 1.
type Kernel struct {
	Path   string    // default /dev/kmsg
	Booted time.Time // when the kernel started: its clock counts from there
	Logger *slog.Logger
}

// maxRecord is the largest record of /dev/kmsg (CONSOLE_EXT_LOG_MAX); a shorter
// buffer makes read fail with EINVAL.
const maxRecord = 8 << 10

// Run calls each for every record until ctx is done. It returns early when the
// log cannot be read at all.
func (k *Kernel) Run(ctx context.Context, each func(Line)) error {
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
		n, err := f.Read(buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.EPIPE):
			k.Logger.Warn("The kernel log was overwritten before it was read; crashes without a core may be missed")
			continue
		case err != nil:
			return fmt.Errorf("kernel log: %w", err)
		}
		if line, ok := k.parse(string(buf[:n])); ok {
			each(line)
		}
	}
}

// parse reads a record: "priority,sequence,microseconds,flags[,…];text\n",
// followed by lines of keys (Documentation/ABI/testing/dev-kmsg). Records of
// user space (facility above 0) are left out: anybody allowed to write the log
// could forge a crash.
func (k *Kernel) parse(record string) (Line, bool) {
	head, text, ok := strings.Cut(record, ";")
	if !ok {
		return Line{}, false
	}
	fields := strings.SplitN(head, ",", 4)
	if len(fields) < 3 || decimal(fields[0])>>3 != 0 {
		return Line{}, false
	}
	text, _, _ = strings.Cut(text, "\n")
	at := k.Booted.Add(time.Duration(decimal(fields[2])) * time.Microsecond)
	return Line{Log: "kernel", Time: at, Text: text}, true
}
