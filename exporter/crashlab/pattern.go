package crashlab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ErrNoCores is wrapped when this machine does not let us take core files.
var ErrNoCores = errors.New("core files cannot be made here")

// corePattern is kernel.core_pattern with kernel.core_uses_pid, see core(5).
type corePattern struct {
	text    string
	usesPID bool
}

// readCorePattern reads the two sysctls.
func readCorePattern() (corePattern, error) {
	b, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil {
		return corePattern{}, fmt.Errorf("%w: %w", ErrNoCores, err)
	}
	p := corePattern{text: strings.TrimRight(string(b), "\n")}
	if b, err = os.ReadFile("/proc/sys/kernel/core_uses_pid"); err == nil {
		p.usesPID = strings.TrimSpace(string(b)) != "0"
	}
	return p, nil
}

// refused says why cores named by the pattern are out of reach, or nil.
func (p corePattern) refused() error {
	switch {
	case strings.HasPrefix(p.text, "|"):
		return fmt.Errorf("%w: kernel.core_pattern pipes them to a program (%q); to change that: sysctl -w kernel.core_pattern=core", ErrNoCores, p.text)
	case strings.HasPrefix(p.text, "@"):
		return fmt.Errorf("%w: kernel.core_pattern sends them to a socket (%q); to change that: sysctl -w kernel.core_pattern=core", ErrNoCores, p.text)
	case p.text == "" && !p.usesPID:
		return fmt.Errorf("%w: kernel.core_pattern is empty; to change that: sysctl -w kernel.core_pattern=core", ErrNoCores)
	}
	return nil
}

// fixedDir is the directory of the pattern as far as it holds no specifier,
// taken from the process's working directory when it is relative.
func (p corePattern) fixedDir(cwd string) string {
	dir, _, _ := strings.Cut(p.text, "%")
	if i := strings.LastIndexByte(dir, '/'); i >= 0 {
		dir = dir[:i+1]
	} else {
		dir = ""
	}
	if filepath.IsAbs(dir) {
		return filepath.Clean(dir)
	}
	return filepath.Join(cwd, dir)
}

// absolute is the pattern with the working directory in front where it is relative.
func (p corePattern) absolute(cwd string) string {
	if filepath.IsAbs(p.text) {
		return p.text
	}
	return strings.ReplaceAll(cwd, "%", "%%") + "/" + p.text
}

// deeper reports whether no core can be in the directory dir, because it lies
// too far down: a specifier never gives a slash.
func (p corePattern) deeper(cwd, dir string) bool {
	return strings.Count(dir, "/") >= strings.Count(p.absolute(cwd), "/")
}

// expression matches the absolute names that the core of process pid can have.
// What a specifier other than the process ids gives is left open: it may be
// a time, a host name, a path with its slashes turned into exclamation marks.
func (p corePattern) expression(cwd string, pid int) *regexp.Regexp {
	text := p.absolute(cwd)
	if p.usesPID && !strings.Contains(strings.ReplaceAll(p.text, "%%", ""), "%p") {
		text += ".%p"
	}
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteString(regexp.QuoteMeta(text[i : i+1]))
			continue
		}
		i++
		if i == len(text) {
			break // the kernel drops a single % at the end
		}
		switch text[i] {
		case '%':
			b.WriteString("%")
		case 'p':
			b.WriteString(strconv.Itoa(pid))
		case 'P', 'i', 'I', 'u', 'g', 'd', 's', 't', 'c', 'C':
			b.WriteString(`\d+`)
		case 'h', 'e', 'f', 'E', 'F':
			b.WriteString(`[^/]*`)
		default: // unknown specifiers are dropped
		}
	}
	b.WriteString("$")
	return regexp.MustCompile(b.String())
}
