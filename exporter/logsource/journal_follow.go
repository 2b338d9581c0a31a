package logsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Journal follows the system's journal by running journalctl, which alone reads
// every version and compression of the journal's files. systemd-coredump's
// entries become crashes; entries that Evidence matches become lines.
type Journal struct {
	// Command is the program, default journalctl.
	Command string
	// Directory holds the journal's files, such as /host/var/log/journal in a
	// container; "" is the system's.
	Directory string
	// Boot is the present boot: the first run begins with its first entry.
	Boot string
	// Machine is the id of this machine: entries of others, that a collector
	// of journals put beside its own, are passed over. "" takes all.
	Machine string
	// Evidence are further matches (journalctl(1)), such as
	// "_SYSTEMD_UNIT=deploy.service", whose entries are evidence for filters.
	Evidence []string
	// After is where an earlier run ended.
	After Position
	// Start starts the program; nil is the command's own method.
	Start  func(*exec.Cmd) error
	Logger *slog.Logger

	lost bool // the cursor is of a journal that is not there any more
}

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	// settled is for how long journalctl must have run to be started again
	// at once.
	settled = time.Minute
	// stopWait is how long journalctl may take to end.
	stopWait = 5 * time.Second
)

// Run follows until ctx is done, starting journalctl anew whenever it ends.
func (j *Journal) Run(ctx context.Context, sink Sink) {
	gap := firstRetry
	for {
		began := time.Now()
		err := j.follow(ctx, sink)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > settled {
			gap = firstRetry
		}
		sink.Trouble(crash.SourceJournal, TroubleReader)
		j.Logger.Error("Cannot read the journal, trying again", "err", err, "in", gap)
		select {
		case <-ctx.Done():
			return
		case <-time.After(gap):
		}
		gap = min(2*gap, lastRetry)
	}
}

// arguments are those of journalctl. Without --merge, --follow would leave out
// what an earlier boot wrote after the cursor, and end where the present boot has
// written nothing yet. Matches of one field are alternatives, of several fields
// all must hold; "+" separates whole groups.
func (j *Journal) arguments() []string {
	args := []string{
		"--follow", "--merge", "--no-tail", "--all", "--no-pager", "--quiet", "--output=json",
		"--output-fields=" + strings.Join(journalFields, ","),
	}
	if j.Directory != "" {
		args = append(args, "--directory="+j.Directory)
	}
	var boot []string
	switch {
	case j.After.Cursor != "" && !j.lost:
		args = append(args, "--after-cursor="+j.After.Cursor)
	case j.Boot != "":
		boot = []string{"_BOOT_ID=" + strings.ReplaceAll(j.Boot, "-", "")}
	}
	args = append(args, "MESSAGE_ID="+coredumpMessage)
	args = append(args, boot...)
	for _, match := range j.Evidence {
		args = append(args, "+", match)
		args = append(args, boot...)
	}
	return args
}

// follow runs journalctl once and reads it to its end.
func (j *Journal) follow(ctx context.Context, sink Sink) error {
	command := j.Command
	if command == "" {
		command = "journalctl"
	}
	cmd := exec.CommandContext(ctx, command, j.arguments()...)
	cmd.Env = []string{"LC_ALL=C", "SYSTEMD_COLORS=0", "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWait
	said := &tail{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	start := j.Start
	if start == nil {
		start = (*exec.Cmd).Start
	}
	if err := start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", command, err)
	}
	entries, readErr := j.read(out, sink)
	if !errors.Is(readErr, io.EOF) {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it would wait for a reader
	}
	err = cmd.Wait()
	text := said.String()
	if entries == 0 && strings.Contains(text, "cursor") && j.After.Cursor != "" && !j.lost {
		j.lost = true
		j.Logger.Warn("The journal does not know the entry up to which it was read; reading this boot from its start, what was counted is recognised", "said", text)
	}
	if text != "" {
		text = ": " + text
	}
	return fmt.Errorf("%s ended (%w)%s", command, errors.Join(err, readErr), text)
}

// read passes on entries until the stream ends; err is never nil.
func (j *Journal) read(r io.Reader, sink Sink) (entries int, err error) {
	in := NewJSONReader(r)
	for {
		e, err := in.Next()
		switch {
		case errors.Is(err, ErrEntry):
			sink.Trouble(crash.SourceJournal, TroubleMalformed)
			j.Logger.Warn("A journal entry was left out", "err", err)
			continue
		case err != nil:
			return entries, err
		}
		entries++
		j.lost = false
		j.pass(e, sink)
	}
}

func (j *Journal) pass(e Entry, sink Sink) {
	before := j.After
	j.After = Position{Cursor: e.Cursor()}
	if id := e["_MACHINE_ID"]; id == "" || j.Machine == "" || id == strings.ReplaceAll(j.Machine, "-", "") {
		passEntry(e, JournalFeed, before, sink, j.Logger)
	}
	sink.Moved(JournalFeed, j.After)
}

// passEntry hands an entry to a sink: as a crash when it is systemd-coredump's,
// as evidence otherwise.
func passEntry(e Entry, feed string, before Position, sink Sink, logger *slog.Logger) {
	if !e.IsCoredump() {
		sink.Line(e.Line())
		return
	}
	if e.Forged() {
		sink.Trouble(crash.SourceJournal, TroubleForged)
		logger.Warn("A journal entry claims to be of systemd-coredump, but is not", "uid", e["_UID"], "unit", e["_SYSTEMD_UNIT"])
		return
	}
	event, err := e.Event()
	if err != nil {
		sink.Trouble(crash.SourceJournal, TroubleMalformed)
		logger.Warn("A journal entry of a crash was left out", "err", err)
		return
	}
	event.Feed, event.Before = feed, before
	sink.Line(e.Line())
	sink.Crash(event)
}

// tail keeps the end of what a program says.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const maxTail = 1 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p[max(0, len(p)-maxTail):]...)
	t.b = slices.Clone(t.b[max(0, len(t.b)-maxTail):])
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.b))
}
