package importer

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

// coredumpMessage is the MESSAGE_ID of systemd-coredump's entries
// (SD_MESSAGE_COREDUMP in src/systemd/sd-messages.h).
const coredumpMessage = "fc2e22bc6ee647b6b90729ab34a250b1"

// maxField bounds what is kept of one field of an entry, in bytes; COREDUMP
// holds a whole core with Storage=journal, and is never read.
const maxField = 256 << 10

// journal reads what journalctl writes with --output=export or --output=json
// (systemd: docs/JOURNAL_EXPORT_FORMATS.md).
type journal struct {
	r      *bufio.Reader
	json   *lines
	number int
}

func newJournal(r *bufio.Reader) *journal {
	j := &journal{r: r}
	if first, err := r.Peek(1); err == nil && first[0] == '{' {
		j.json = &lines{r: r, record: jsonEntry}
	}
	return j
}

// Next implements Source.
func (j *journal) Next() (crash.Record, error) {
	if j.json != nil {
		return j.json.Next()
	}
	for {
		entry, err := j.entry()
		if err != nil {
			return crash.Record{}, err
		}
		if len(entry) == 0 {
			continue
		}
		j.number++
		r, err := journalRecord(entry)
		if err != nil {
			return crash.Record{}, item("entry", j.number, err)
		}
		return r, nil
	}
}

// entry reads the fields up to an empty line or the end. A field whose value
// holds a line break has its name alone on a line, then its length as 8 bytes,
// little endian.
func (j *journal) entry() (map[string]string, error) {
	entry := make(map[string]string)
	for {
		line, err := j.r.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			if len(entry) > 0 {
				return entry, nil
			}
			return nil, io.EOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return entry, nil
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			if value, err = j.binary(); err != nil {
				return nil, fmt.Errorf("journal entry %d: field %.60q: %w", j.number+1, name, err)
			}
		}
		if _, twice := entry[name]; !twice {
			entry[name] = value
		}
	}
}

func (j *journal) binary() (string, error) {
	var n uint64
	if err := binary.Read(j.r, binary.LittleEndian, &n); err != nil {
		return "", err
	}
	if n > 1<<40 {
		return "", fmt.Errorf("says that it has %d bytes; this is not journalctl's export format", n)
	}
	kept, err := io.ReadAll(io.LimitReader(j.r, int64(min(n, maxField))))
	if err != nil {
		return "", err
	}
	if _, err := io.CopyN(io.Discard, j.r, int64(n)-int64(len(kept))+1); err != nil {
		return "", err
	}
	return string(kept), nil
}

// jsonEntry reads an object whose values are texts, arrays of bytes where they
// are not UTF-8, or null where they are too long.
func jsonEntry(line []byte) (crash.Record, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return crash.Record{}, fmt.Errorf("not a JSON object: %w", err)
	}
	entry := make(map[string]string)
	for name, raw := range fields {
		var s string
		var bytes []uint8
		var numbers []int
		switch {
		case json.Unmarshal(raw, &s) == nil:
		case json.Unmarshal(raw, &numbers) == nil:
			for _, n := range numbers {
				bytes = append(bytes, uint8(n))
			}
			s = string(bytes)
		}
		entry[name] = s
	}
	return journalRecord(entry)
}

// innermost is the first stack frame of the thread that crashed, in the message
// (src/shared/elf-util.c).
var (
	innermost    = regexp.MustCompile(`Stack trace of thread (\d+):\n\s*#0 +0x([0-9a-f]+) \S.* \((.+?)(?: \+ 0x([0-9a-f]+))?\)(?:\n|$)`)
	framePattern = regexp.MustCompile(`(?m)^\s*#\d+ +0x[0-9a-f]+ (\S+) \((.+?)\)`)
)

// journalRecord makes a record of systemd-coredump's entry.
func journalRecord(e map[string]string) (crash.Record, error) {
	if e["MESSAGE_ID"] != coredumpMessage {
		return crash.Record{}, fmt.Errorf("%w: MESSAGE_ID %.40q is not systemd-coredump's", ErrOther, e["MESSAGE_ID"])
	}
	pid, _ := strconv.ParseInt(e["COREDUMP_PID"], 10, 64)
	us, _ := strconv.ParseInt(e["COREDUMP_TIMESTAMP"], 10, 64)
	if pid <= 0 || us <= 0 {
		return crash.Record{}, fmt.Errorf("COREDUMP_PID %.40q or COREDUMP_TIMESTAMP %.40q is not a number above 0", e["COREDUMP_PID"], e["COREDUMP_TIMESTAMP"])
	}
	facts := classify.LogFacts{Executable: path.Base(e["COREDUMP_EXE"]), PID: pid}
	if e["COREDUMP_EXE"] == "" {
		facts.Executable = e["COREDUMP_COMM"]
	}
	signal, _ := strconv.Atoi(e["COREDUMP_SIGNAL"])
	facts.Signal = signal
	if m := innermost.FindStringSubmatch(e["MESSAGE"]); m != nil {
		if pc, err := strconv.ParseUint(m[2], 16, 64); err == nil {
			facts.IP = crash.Some(pc)
			if into, err := strconv.ParseUint(m[4], 16, 64); err == nil && into <= pc {
				facts.Module, facts.ModuleStart, facts.ModuleSize = path.Base(m[3]), pc-into, into+1
				facts.FileOffset = crash.Some(into)
			}
		}
	}
	r := classify.FromLog(facts)
	r.Time, r.TimeSource, r.Source = time.UnixMicro(us).UTC(), crash.TimeFromJournal, crash.SourceJournal
	for _, f := range framePattern.FindAllStringSubmatch(e["MESSAGE"], 16) {
		r.Fault.Frames = append(r.Fault.Frames, f[1]+" ("+f[2]+")")
	}
	r.Fault.ThreadName = e["COREDUMP_COMM"]
	r.Host.Name, r.Host.ID, r.Host.BootID = e["_HOSTNAME"], e["_MACHINE_ID"], dashed(e["_BOOT_ID"])
	r.Process.ServiceName = strings.TrimSuffix(e["COREDUMP_UNIT"], ".service")
	r.ID = journalID(r.Host.BootID, pid, us, e["COREDUMP_SIGNAL"])
	bound(&r)
	return finish(r)
}

// journalID is the id that an exporter gives the same entry, by the boot and the
// entry's place in it.
func journalID(boot string, pid, us int64, signal string) crash.ID {
	h := crash.NewHasher(string(crash.SourceJournal))
	h.Add("boot", []byte(boot))
	h.Add("key", fmt.Appendf(nil, "%d %d %s", pid, us, signal))
	return h.ID()
}

// dashed gives 32 hex digits the form of /proc/sys/kernel/random/boot_id.
func dashed(id string) string {
	if len(id) != 32 {
		return id
	}
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}
