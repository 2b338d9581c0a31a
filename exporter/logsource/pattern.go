package logsource

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Pattern recognises the report that a program's handler of fatal signals leaves
// in a log: a block of lines from which named groups lift what is known of the
// crash. The first value of a group counts.
type Pattern struct {
	Name string
	// Start are expressions of a block's first line; any of them begins one.
	Start []*regexp.Regexp
	// Lines are expressions of further lines. A pattern without Lines and End
	// is one of a single line.
	Lines []*regexp.Regexp
	// End is the expression of a block's last line; nil for none.
	End *regexp.Regexp
	// MaxLines bounds a block (default 200).
	MaxLines int

	hint   string // is in every first line; saves time
	finish func(values map[string]string, frames []string)
}

// Groups lists the names that groups of a pattern may have.
func Groups() []string {
	return []string{"pc", "sp", "lr", "addr", "signal", "code", "pid", "tid", "exe", "comm", "cpu", "arch", "time"}
}

// frameGroup lifts every program counter of a stack trace; built-in patterns use it.
const frameGroup = "frame"

// PatternText is a pattern as users write it.
type PatternText struct {
	Name     string
	Start    string
	Lines    []string
	End      string
	MaxLines int
}

const (
	defaultBlockLines = 200
	maxBlockBytes     = 64 << 10
	largestBlock      = 5000
)

// ErrPattern is wrapped by what is wrong with a pattern.
var ErrPattern = errors.New("pattern")

// CompilePattern compiles a pattern. The error names the part that is wrong.
func CompilePattern(t PatternText) (*Pattern, error) {
	p := &Pattern{Name: t.Name, MaxLines: t.MaxLines}
	if t.Name == "" || slices.Contains(BuiltinPatterns(), t.Name) {
		return nil, fmt.Errorf("%w %q: name: want one of its own, not empty and none of %s", ErrPattern, t.Name, strings.Join(BuiltinPatterns(), ", "))
	}
	if t.Start == "" {
		return nil, fmt.Errorf("%w %q: start: is empty", ErrPattern, t.Name)
	}
	if t.MaxLines < 0 || t.MaxLines > largestBlock {
		return nil, fmt.Errorf("%w %q: max_lines: %d is not between 0 and %d", ErrPattern, t.Name, t.MaxLines, largestBlock)
	}
	start, err := CompileExpression(t.Start)
	if err != nil {
		return nil, fmt.Errorf("%w %q: start: %w", ErrPattern, t.Name, err)
	}
	p.Start = []*regexp.Regexp{start}
	for i, text := range t.Lines {
		re, err := CompileExpression(text)
		if err != nil {
			return nil, fmt.Errorf("%w %q: lines[%d]: %w", ErrPattern, t.Name, i, err)
		}
		p.Lines = append(p.Lines, re)
	}
	if t.End != "" {
		if p.End, err = CompileExpression(t.End); err != nil {
			return nil, fmt.Errorf("%w %q: end: %w", ErrPattern, t.Name, err)
		}
	}
	if !p.Lifts("signal") && !p.Lifts("pc") {
		return nil, fmt.Errorf("%w %q: lifts neither a signal nor a pc, such as with (?P<signal>SIG[A-Z]+) or (?P<pc>0x[0-9a-f]+)", ErrPattern, t.Name)
	}
	return p, nil
}

// CompileExpression compiles one expression of a pattern and checks the names of
// its groups.
func CompileExpression(text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	for _, name := range re.SubexpNames() {
		if name != "" && !slices.Contains(Groups(), name) {
			return nil, fmt.Errorf("group %q is none of %s", name, strings.Join(Groups(), ", "))
		}
	}
	return re, nil
}

// Lifts reports whether the pattern has a group of that name.
func (p *Pattern) Lifts(group string) bool {
	all := slices.Concat(p.Start, p.Lines)
	if p.End != nil {
		all = append(all, p.End)
	}
	return slices.ContainsFunc(all, func(re *regexp.Regexp) bool { return re.SubexpIndex(group) >= 0 })
}

func (p *Pattern) single() bool { return len(p.Lines) == 0 && p.End == nil }

func (p *Pattern) maxLines() int {
	if p.MaxLines <= 0 {
		return defaultBlockLines
	}
	return p.MaxLines
}
