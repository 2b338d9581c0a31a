package logsource

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// History keeps the wanted lines of logs that were read from their beginning to
// their end, as evidence about crashes of the past.
type History struct {
	Wanted []Wanted

	lines []Line // in the order of their times once sorted
	clean bool
}

// maxHistory bounds the lines that are kept.
const maxHistory = 4 << 20

// Load reads a log of text, or of a journal in the Journal Export Format or as
// journalctl --output=json prints it, told apart by how they begin. name is the
// log's for filters; "" leaves journal entries the name of what they came
// through. written is when the log was written last: times without a year are
// near it. It returns how many lines there are and how many of them tell no time
// and have none before them that does; those are no evidence.
func (h *History) Load(name string, r io.Reader, written time.Time) (lines, undated int, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, err
	}
	h.clean = false
	switch {
	case bytes.HasPrefix(head, []byte("__CURSOR=")), bytes.HasPrefix(head, []byte("__REALTIME")):
		return h.entries(name, NewExportReader(in))
	case bytes.HasPrefix(head, []byte(`{"_`)), bytes.HasPrefix(head, []byte(`{ "_`)), bytes.HasPrefix(head, []byte(`{"MESSAGE`)):
		return h.entries(name, NewJSONReader(in))
	}
	return h.text(name, in, written)
}

func (h *History) entries(name string, r EntryReader) (lines, undated int, err error) {
	for {
		e, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return lines, undated, nil
		case errors.Is(err, ErrEntry):
			undated++
			continue
		case err != nil:
			return lines, undated, err
		}
		l := e.Line()
		if name != "" {
			l.Log = name
		}
		lines++
		if l.Undated || l.Time.IsZero() {
			undated++
			continue
		}
		if err := h.keep(l); err != nil {
			return lines, undated, err
		}
	}
}

func (h *History) text(name string, in *bufio.Reader, written time.Time) (lines, undated int, err error) {
	var at time.Time                                                              // of the last line that told one: others go on with it
	in = bufio.NewReaderSize(io.MultiReader(in, strings.NewReader("\n")), 64<<10) // the last line counts too
	for {
		text, err := boundedLine(in)
		switch {
		case errors.Is(err, io.EOF):
			return lines, undated, nil
		case errors.Is(err, ErrEntry): // longer than any log's line
			lines, undated = lines+1, undated+1
			continue
		case err != nil:
			return lines, undated, err
		case len(text) == 0:
			continue
		}
		lines++
		line := strings.TrimRight(string(text), "\r")
		if t, ok := lineTime(line, written); ok {
			at = t
		}
		if at.IsZero() {
			undated++
			continue
		}
		if err := h.keep(Line{Log: name, Time: at, Text: line}); err != nil {
			return lines, undated, err
		}
	}
}

func (h *History) keep(l Line) error {
	if !wanted(h.Wanted, l) {
		return nil
	}
	if len(h.lines) >= maxHistory {
		return fmt.Errorf("more than %d lines match the filters' expressions; make these narrower", maxHistory)
	}
	l.Text = strings.Clone(l.Text[:min(len(l.Text), maxKeptLen)])
	h.lines = append(h.lines, l)
	return nil
}

// Sort is to be called after the last Load and before Seen, which many may call
// at once then.
func (h *History) Sort() {
	slices.SortStableFunc(h.lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	h.clean = true
}

// Seen reports whether a line of a log that matches re lies within the given
// distance of a time. log "" stands for every log.
func (h *History) Seen(log string, re *regexp.Regexp, at time.Time, within time.Duration) bool {
	if !h.clean {
		return false
	}
	i, _ := slices.BinarySearchFunc(h.lines, at.Add(-within), func(l Line, t time.Time) int { return l.Time.Compare(t) })
	for ; i < len(h.lines) && !h.lines[i].Time.After(at.Add(within)); i++ {
		if (log == "" || h.lines[i].Log == log) && re.MatchString(h.lines[i].Text) {
			return true
		}
	}
	return false
}
