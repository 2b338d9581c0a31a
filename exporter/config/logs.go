package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/epicurve/epicurve/exporter/logsource"
)

// Logs says which logs are read.
type Logs struct {
	// Kernel reads crashes from /dev/kmsg.
	Kernel bool `yaml:"kernel"`
	// Journal reads what systemd-coredump writes to the journal.
	Journal Journal `yaml:"journal"`
	// Hold is how long a crash that a log tells of waits for its core.
	Hold Duration `yaml:"hold"`
	// Patterns recognise crashes in log files, besides the built-in ones.
	Patterns []LogPattern `yaml:"patterns"`
	// Files are followed for crashes and as evidence for filters.
	Files []LogFile `yaml:"files"`
}

// Journal says how the journal is read.
type Journal struct {
	// Follow runs journalctl.
	Follow bool `yaml:"follow"`
	// Directory holds the journal's files, where they are not the system's.
	Directory string `yaml:"directory"`
	// Evidence are matches of journalctl, FIELD=VALUE, whose entries are
	// evidence for filters under the name journal.
	Evidence []string `yaml:"evidence"`
}

// LogPattern recognises the report of a crash in a log file.
type LogPattern struct {
	Name     string       `yaml:"name"`
	Start    Expression   `yaml:"start"`
	Lines    []Expression `yaml:"lines"`
	End      Expression   `yaml:"end"`
	MaxLines Count        `yaml:"max_lines"`
}

// Expression is a regular expression whose named groups lift what is known of a
// crash.
type Expression string

// LogFile is a log file that is followed.
type LogFile struct {
	Name string `yaml:"name"` // by which filters know it
	Path string `yaml:"path"`
	// Format is text, journal_export or journal_json.
	Format string `yaml:"format"`
	// Crashes names the patterns that recognise crashes in a text.
	Crashes []string `yaml:"crashes"`
	// Executable is the program whose log it is.
	Executable string `yaml:"executable"`
}

// UnmarshalYAML reads an expression; the error has the line.
func (e *Expression) UnmarshalYAML(node ast.Node) error {
	if _, err := logsource.CompileExpression(text(node)); err != nil {
		return at(node, "%s", err)
	}
	*e = Expression(text(node))
	return nil
}

// UnmarshalYAML reads a pattern; the error has the line.
func (p *LogPattern) UnmarshalYAML(node ast.Node) error {
	type plain LogPattern // without this method
	var v plain
	if err := yaml.NodeToValue(node, &v, yaml.Strict()); err != nil {
		return err
	}
	*p = LogPattern(v)
	if _, err := p.compile(); err != nil {
		return at(node, "%s", err)
	}
	return nil
}

func (p *LogPattern) compile() (*logsource.Pattern, error) {
	t := logsource.PatternText{Name: p.Name, Start: string(p.Start), End: string(p.End), MaxLines: int(p.MaxLines)}
	for _, line := range p.Lines {
		t.Lines = append(t.Lines, string(line))
	}
	return logsource.CompilePattern(t)
}

// Any reports whether any log is read.
func (l *Logs) Any() bool { return l.Kernel || l.Journal.Follow || len(l.Files) > 0 }

// PatternsOf returns the patterns that a log file names.
func (l *Logs) PatternsOf(f LogFile) ([]*logsource.Pattern, error) {
	var all []*logsource.Pattern
	for _, name := range f.Crashes {
		p := logsource.BuiltinPattern(name)
		if i := slices.IndexFunc(l.Patterns, func(p LogPattern) bool { return p.Name == name }); i >= 0 {
			var err error
			if p, err = l.Patterns[i].compile(); err != nil {
				return nil, fmt.Errorf("crashes: %w", err)
			}
		}
		if p == nil {
			return nil, fmt.Errorf("crashes: %q is none of logs.patterns and none of %s", name, strings.Join(logsource.BuiltinPatterns(), ", "))
		}
		all = append(all, p)
	}
	return all, nil
}

func (l *Logs) validate() error {
	errs := []error{between("logs.hold", l.Hold, time.Second, time.Hour)}
	names := make(map[string]bool)
	for i, p := range l.Patterns {
		if names[p.Name] {
			errs = append(errs, fmt.Errorf("logs.patterns[%d].name: %q is there twice", i, p.Name))
		}
		names[p.Name] = true
	}
	if d := l.Journal.Directory; d != "" && !filepath.IsAbs(d) {
		errs = append(errs, fmt.Errorf("logs.journal.directory: %q: want an absolute path", d))
	}
	for i, match := range l.Journal.Evidence {
		if name, _, ok := strings.Cut(match, "="); !ok || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			errs = append(errs, fmt.Errorf("logs.journal.evidence[%d]: %q: want FIELD=VALUE, such as _SYSTEMD_UNIT=deploy.service", i, match))
		}
	}
	for i, f := range l.Files {
		if err := l.validateFile(f); err != nil {
			errs = append(errs, fmt.Errorf("logs.files[%d].%w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (l *Logs) validateFile(f LogFile) error {
	if !filepath.IsAbs(f.Path) {
		return fmt.Errorf("path: %q: want an absolute path", f.Path)
	}
	if f.Format != "" && !slices.Contains(logsource.Formats(), logsource.Format(f.Format)) {
		return fmt.Errorf("format: %q: want one of %v", f.Format, logsource.Formats())
	}
	if len(f.Crashes) > 0 && f.Format != "" && f.Format != string(logsource.FormatText) {
		return fmt.Errorf("crashes: patterns are for files of format %s", logsource.FormatText)
	}
	patterns, err := l.PatternsOf(f)
	if err != nil {
		return err
	}
	for _, p := range patterns {
		if f.Executable == "" && !slices.ContainsFunc([]string{"pid", "tid", "exe", "comm"}, p.Lifts) {
			return fmt.Errorf("executable: is needed here: the pattern %s names neither process nor program, so that a crash could not be joined to its core", p.Name)
		}
	}
	return nil
}
