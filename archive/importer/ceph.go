package importer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// cephCrash is a report of Ceph's crash module: the meta file of a crash, or
// what `ceph crash info` prints (src/global/signal_handler.cc).
type cephCrash struct {
	ID          string   `json:"crash_id"`
	Timestamp   string   `json:"timestamp"`
	Process     string   `json:"process_name"`
	Entity      string   `json:"entity_name"`
	Version     string   `json:"ceph_version"`
	Hostname    string   `json:"utsname_hostname"`
	Release     string   `json:"utsname_release"`
	Machine     string   `json:"utsname_machine"`
	Backtrace   []string `json:"backtrace"`
	StackSig    string   `json:"stack_sig"`
	Condition   string   `json:"assert_condition"`
	Func        string   `json:"assert_func"`
	File        string   `json:"assert_file"`
	Line        number   `json:"assert_line"`
	Thread      string   `json:"assert_thread_name"`
	Message     string   `json:"assert_msg"`
	IOError     bool     `json:"io_error"`
	IOErrorDev  string   `json:"io_error_devname"`
	OS          string   `json:"os_name"`
	OSVersionID string   `json:"os_version_id"`
}

// ceph reads objects one after another, or within an array.
type ceph struct {
	dec    *json.Decoder
	number int
	array  bool
}

func newCeph(r *bufio.Reader) *ceph {
	c := &ceph{}
	for {
		first, err := r.Peek(1)
		if err != nil {
			break
		}
		if first[0] == '[' {
			c.array = true
		} else if !strings.ContainsAny(string(first), " \t\r\n") {
			break
		}
		if _, err := r.Discard(1); err != nil || c.array {
			break
		}
	}
	if c.array {
		// The decoder reads an array's items after its bracket.
		c.dec = json.NewDecoder(io.MultiReader(strings.NewReader("["), r))
		c.dec.Token() //nolint:errcheck // the bracket that was put there
		return c
	}
	c.dec = json.NewDecoder(r)
	return c
}

// Next implements Source.
func (c *ceph) Next() (crash.Record, error) {
	if c.array && !c.dec.More() {
		return crash.Record{}, io.EOF
	}
	var raw json.RawMessage
	if err := c.dec.Decode(&raw); err != nil {
		if err == io.EOF { //nolint:errorlint // the decoder returns it bare between values
			return crash.Record{}, err
		}
		return crash.Record{}, fmt.Errorf("report %d: %w", c.number+1, err)
	}
	c.number++
	r, err := cephRecord(raw)
	if err != nil {
		return crash.Record{}, item("report", c.number, err)
	}
	return r, nil
}

// cephTimes are the forms of the timestamp: with a T since 2020, with a space before.
var cephTimes = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999"}

func cephRecord(raw []byte) (crash.Record, error) {
	var c cephCrash
	if err := json.Unmarshal(raw, &c); err != nil {
		return crash.Record{}, err
	}
	if c.ID == "" || len(c.Backtrace) == 0 {
		return crash.Record{}, fmt.Errorf("crash_id or backtrace is missing; `ceph crash info ID` and the meta files have both, `ceph crash ls` has not")
	}
	r := crash.Record{Source: crash.SourceImport, TimeSource: crash.TimeFromReporter}
	for _, layout := range cephTimes {
		if t, err := time.Parse(layout, c.Timestamp); err == nil {
			r.Time = t.UTC().Truncate(time.Microsecond)
			break
		}
	}
	c.find(&r)
	r.Process.Executable, r.Process.ServiceVersion = c.Process, c.Version
	r.Process.ServiceName, _, _ = strings.Cut(c.Entity, ".")
	r.Host.Name, r.Host.KernelRelease = c.Hostname, c.Release
	r.Fault.Arch, r.Fault.ThreadName, r.Fault.Frames = goArch(c.Machine), c.Thread, c.Backtrace
	r.Attributes = map[string]string{"ceph.crash_id": c.ID, "ceph.entity_name": c.Entity}
	for name, value := range map[string]string{"ceph.stack_sig": c.StackSig, "ceph.assert_msg": c.Message, "ceph.io_error_device": c.IOErrorDev, "os.name": c.OS, "os.version": c.OSVersionID} {
		if value != "" {
			r.Attributes[name] = value
		}
	}
	h := crash.NewHasher("ceph_crash")
	h.Add("crash_id", []byte(c.ID))
	r.ID = h.ID()
	bound(&r)
	return finish(r)
}

// find says what the report tells of the crash's kind. It names no signal, so
// only a failed assertion is certain.
func (c *cephCrash) find(r *crash.Record) {
	f := &r.Finding
	f.Confidence = crash.ConfidenceAmbiguous
	f.Kind, f.Reasons = crash.KindUnknown, []string{"Ceph's crash report names neither signal nor registers."}
	place := c.place()
	switch {
	case c.Condition != "" || c.Func != "":
		f.Kind, f.Confidence = crash.KindAssert, crash.ConfidenceCertain
		f.Reasons = []string{fmt.Sprintf("Assertion %q failed in %s:%d.", c.Condition, c.File, c.Line)}
		if c.Func != "" {
			place = function(c.Func)
		}
		r.Fault.Signal, r.Fault.SignalNum = "SIGABRT", crash.Some[int64](6)
	case c.aborted():
		f.Kind, f.Confidence = crash.KindAbort, crash.ConfidenceLikely
		f.Reasons = []string{"abort() is on the stack."}
		r.Fault.Signal, r.Fault.SignalNum = "SIGABRT", crash.Some[int64](6)
	}
	if c.IOError {
		f.HardwareSuspect, f.HardwareReasons = true, []string{"The report blames an I/O error of " + c.IOErrorDev + "."}
	}
	f.Signature = string(f.Kind) + " in " + c.Process
	if place != "" {
		f.Signature = string(f.Kind) + " in " + place
		f.Caller = place
	}
}

func (c *cephCrash) aborted() bool {
	for _, frame := range c.Backtrace {
		if name := function(frame); name == "abort" || name == "gsignal" || name == "raise" {
			return true
		}
	}
	return false
}

// place is the innermost function that is Ceph's own.
func (c *cephCrash) place() string {
	for _, frame := range c.Backtrace {
		switch name := function(frame); name {
		case "", "gsignal", "raise", "abort", "pthread_kill", "ceph::__ceph_assert_fail", "ceph::__ceph_abort":
		default:
			return name
		}
	}
	return ""
}

// function returns the name in a stack frame, such as "(PrimaryLogPG::do_op(OpRequest&)+0x1a)
// [0x55…]" or "/lib64/libpthread.so.0(+0x12b20) [0x7f…]", without arguments and
// offset; "" where there is none.
func function(frame string) string {
	s, _, _ := strings.Cut(frame, " [0x")
	if i := strings.IndexByte(s, '('); i > 0 && strings.HasPrefix(s, "/") {
		s = s[i:] // a library's path stands before
	}
	s = strings.TrimPrefix(strings.TrimSpace(s), "(")
	if i := strings.LastIndex(s, "+0x"); i >= 0 {
		s = s[:i]
	}
	s, _, _ = strings.Cut(s, "(")
	s = strings.TrimSuffix(strings.TrimSpace(s), ")")
	if fields := strings.Fields(s); len(fields) > 0 {
		return fields[len(fields)-1] // a return type may stand before
	}
	return ""
}
