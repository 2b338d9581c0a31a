package annotate

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// CoreName is what the name of a core file tells. Unknown parts are zero.
type CoreName struct {
	Time time.Time // %t: seconds since the epoch
	PID  int64     // %P, else %p
	// HostPID is true when PID is that of the initial pid namespace (%P).
	HostPID bool
	UID     string // %u
	Signal  int64  // %s
	Exe     string // %e, or the last element of %E
	Host    string // %h
	CPU     string // %C
	BootID  string // of systemd-coredump's names
}

// NamePattern reads names that a core_pattern makes.
type NamePattern struct {
	re *regexp.Regexp
}

// specifiers are those of core(5), as of Linux 6.18 (fs/coredump.c,
// format_corename).
var specifiers = map[byte]string{
	'p': `(?P<p>\d+)`, 'P': `(?P<P>\d+)`, // pid in the process's and in the initial namespace
	'i': `\d+`, 'I': `\d+`, // thread ids, likewise
	'u': `(?P<u>\d+)`, 'g': `\d+`, 'd': `\d+`, 's': `(?P<s>\d+)`,
	't': `(?P<t>\d+)`, 'h': `(?P<h>.+?)`, 'e': `(?P<e>.+?)`, 'f': `(?P<f>.+?)`, 'E': `(?P<E>.+?)`,
	'c': `-?\d+`, 'C': `(?P<C>\d+)`, 'F': `\d+`,
}

// compressed names may carry a suffix of whoever compressed them.
const compressedSuffix = `(?:\.(?:zst|zstd|gz|xz|lz4))?`

// ParsePattern reads a core_pattern, as of /proc/sys/kernel/core_pattern. Only
// the last path element counts. A pattern that pipes to a program ("|…") makes
// no names: the result matches nothing.
func ParsePattern(pattern string) (*NamePattern, error) {
	if strings.HasPrefix(pattern, "|") || strings.HasPrefix(pattern, "@") || pattern == "" {
		return nil, nil //nolint:nilnil // a nil pattern is one that matches nothing
	}
	base := filepath.Base(pattern)
	var re strings.Builder
	re.WriteString(`^`)
	used := make(map[byte]bool)
	for i := 0; i < len(base); i++ {
		if base[i] != '%' {
			re.WriteString(regexp.QuoteMeta(base[i : i+1]))
			continue
		}
		i++
		if i == len(base) {
			break // the kernel drops a lone % at the end
		}
		re.WriteString(specifier(base[i], used))
	}
	re.WriteString(`(?:\.(?P<pid>\d+))?`) // kernel.core_uses_pid
	re.WriteString(compressedSuffix + `$`)
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return nil, fmt.Errorf("core pattern %.80q: %w", pattern, err)
	}
	return &NamePattern{compiled}, nil
}

// specifier returns the expression for one letter; a repeated letter is matched
// but captured once. Letters that the kernel does not know, it drops.
func specifier(letter byte, used map[byte]bool) string {
	if letter == '%' {
		return "%"
	}
	re, known := specifiers[letter]
	if !known {
		return ""
	}
	if used[letter] {
		return regexp.MustCompile(`\(\?P<\w>`).ReplaceAllString(re, "(?:")
	}
	used[letter] = true
	return re
}

// Match reads a base name; ok is false when the pattern did not make it.
func (p *NamePattern) Match(name string) (n CoreName, ok bool) {
	if p == nil {
		return CoreName{}, false
	}
	m := p.re.FindStringSubmatch(name)
	if m == nil {
		return CoreName{}, false
	}
	part := func(group string) string {
		if i := p.re.SubexpIndex(group); i >= 0 {
			return m[i]
		}
		return ""
	}
	n.UID, n.Host, n.CPU = part("u"), part("h"), part("C")
	if n.Exe = part("e"); n.Exe == "" {
		n.Exe = part("f")
	}
	if path := part("E"); path != "" { // the kernel writes "!" for "/"
		n.Exe = path[strings.LastIndexByte(path, '!')+1:]
	}
	n.Signal = number(part("s"))
	for _, group := range []string{"P", "p", "pid"} {
		if n.PID == 0 {
			n.PID = number(part(group))
		}
	}
	n.HostPID = number(part("P")) > 0
	if t := number(part("t")); t > 0 {
		n.Time = time.Unix(t, 0).UTC()
	}
	return n, true
}

func number(s string) int64 {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return v
}
