package logsource

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

// blocks assembles the lines of one log into the reports that its patterns
// recognise. One report is open at a time.
type blocks struct {
	patterns []*Pattern
	exe      string // of every crash in the log, "" for what the report says
	open     *block
}

// block is a report under way.
type block struct {
	pattern *Pattern
	values  map[string]string
	frames  []string
	at      int64 // offset of its first line
	first   time.Time
	fed     time.Time // when the last line came
	lines   int
	bytes   int
	sum     uint64 // of its text
}

// report is a block that is complete.
type report struct {
	event Event
	at    int64
	sum   uint64
	// err tells why the block is no crash; cut is set when a bound ended it.
	err error
	cut bool
}

// maxFrames bounds the frames that are remembered of a trace.
const maxFrames = 8

// blockQuiet is for how long a log must be silent to end a block.
const blockQuiet = 2 * time.Second

// feed takes a line and returns the reports that are complete with it.
func (b *blocks) feed(text string, at int64, dated, now time.Time) []report {
	var done []report
	if o := b.open; o != nil {
		lifted := o.lift(text, o.pattern.Lines)
		switch {
		case o.pattern.End != nil && o.pattern.End.MatchString(text):
			o.lift(text, []*regexp.Regexp{o.pattern.End})
			o.add(text, now)
			return append(done, b.end(false))
		case !lifted && b.starts(text) != nil:
			done = append(done, b.end(false)) // another one begins
		default:
			o.add(text, now)
			if o.lines >= o.pattern.maxLines() || o.bytes >= maxBlockBytes {
				done = append(done, b.end(o.pattern.End != nil))
			}
			return done
		}
	}
	p := b.starts(text)
	if p == nil {
		return done
	}
	b.open = &block{pattern: p, values: make(map[string]string), at: at, first: dated}
	b.open.lift(text, p.Start)
	b.open.add(text, now)
	if p.single() {
		done = append(done, b.end(false))
	}
	return done
}

// starts returns the pattern that begins with a line, nil for none.
func (b *blocks) starts(text string) *Pattern {
	for _, p := range b.patterns {
		if p.hint != "" && !strings.Contains(text, p.hint) {
			continue
		}
		for _, re := range p.Start {
			if re.MatchString(text) {
				return p
			}
		}
	}
	return nil
}

// quiet ends a block after which nothing came for a while.
func (b *blocks) quiet(now time.Time) []report {
	if b.open == nil || now.Sub(b.open.fed) < blockQuiet {
		return nil
	}
	return []report{b.end(false)}
}

// close ends a block because its log ended.
func (b *blocks) close() []report {
	if b.open == nil {
		return nil
	}
	return []report{b.end(false)}
}

func (b *blocks) end(cut bool) report {
	o := b.open
	b.open = nil
	if o.pattern.finish != nil {
		o.pattern.finish(o.values, o.frames)
	}
	e, err := o.event()
	if e.Exe == "" {
		e.Exe = b.exe
	}
	return report{event: e, at: o.at, sum: o.sum, err: err, cut: cut}
}

// lift takes the values of an expression's groups; those of an earlier line stay.
func (o *block) lift(text string, expressions []*regexp.Regexp) bool {
	lifted := false
	for _, re := range expressions {
		m := re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		lifted = true
		for i, name := range re.SubexpNames() {
			switch {
			case name == "" || m[i] == "":
			case name == frameGroup:
				if len(o.frames) < maxFrames {
					o.frames = append(o.frames, m[i])
				}
			case o.values[name] == "":
				o.values[name] = m[i]
			}
		}
	}
	return lifted
}

func (o *block) add(text string, now time.Time) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%x\n%s", o.sum, text)
	o.sum = h.Sum64()
	o.lines++
	o.bytes += len(text)
	o.fed = now
}

// event makes a crash of what was lifted.
func (o *block) event() (Event, error) {
	v := o.values
	e := Event{
		Source: crash.SourceLogFile, Time: o.first, Comm: v["comm"], Exe: base(v["exe"]), CPU: v["cpu"],
		PID: decimal(v["pid"]), TID: decimal(v["tid"]),
		PC: address(v["pc"]), SP: address(v["sp"]), LR: address(v["lr"]), Addr: address(v["addr"]), Arch: v["arch"],
	}
	if e.Arch == "" {
		e.Arch = runtime.GOARCH // programs log on the machine that they run on
	}
	if t, ok := parseTime(v["time"], o.first); ok {
		e.Time = t
	}
	e.Signal = signalNumber(v["signal"])
	if v["code"] != "" {
		e.Code = codeNumber(v["code"])
	}
	if e.Code.Known && e.Code.Value <= 0 {
		e.Addr = crash.Optional[uint64]{} // the place holds the sender (siginfo_t is a union)
	}
	switch {
	case v["signal"] != "" && e.Signal == 0:
		return e, fmt.Errorf("log pattern %s: %.40q is no signal", o.pattern.Name, v["signal"])
	case e.Signal == 0 && !e.PC.Known:
		return e, fmt.Errorf("log pattern %s: a block of %d lines names neither a signal nor a pc", o.pattern.Name, o.lines)
	}
	return e, nil
}

// signalNumber reads a signal: 11, SIGSEGV or SEGV; 0 for none.
func signalNumber(s string) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n < 65 {
		return n
	}
	s = strings.ToUpper(s)
	if !strings.HasPrefix(s, "SIG") {
		s = "SIG" + s
	}
	for n := 1; n < 32; n++ {
		if classify.SignalName(n) == s {
			return n
		}
	}
	return 0
}

// codes are the values of si_code by their names (siginfo.h) and by what
// folly and strsignal call them.
var codes = map[string]int64{
	"SEGV_MAPERR": segvMapErr, "SEGV_ACCERR": segvAccErr, "SEGV_PKUERR": segvPKUErr, "BUS_ADRALN": busAdrAln, "BUS_ADRERR": busAdrErr,
	"BUS_OBJERR": 3, "ILL_ILLOPC": illIllOpc, "ILL_ILLOPN": illIllOpn, "FPE_INTDIV": fpeIntDiv, "SI_KERNEL": siKernel, "SI_USER": 0, "SI_TKILL": -6,
	"address not mapped to object": segvMapErr, "invalid permissions for mapped object": segvAccErr,
	"invalid address alignment": busAdrAln, "nonexistent physical address": busAdrErr, "sent by kill/sigsend/raise": 0,
}

func codeNumber(s string) crash.Optional[int64] {
	s = strings.TrimSpace(s)
	if n, ok := codes[s]; ok {
		return crash.Some(n)
	}
	if n, err := strconv.ParseInt(s, 0, 32); err == nil {
		return crash.Some(n)
	}
	return crash.Optional[int64]{}
}
