package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

const timeLayout = "2006-01-02 15:04:05"

// maxCell bounds a column of the terminal's table, in characters.
const maxCell = 56

func writeText(w io.Writer, r *Report) error {
	p := &errWriter{w: w}
	fmt.Fprintln(p, headline(r))
	for _, n := range r.Notices {
		fmt.Fprintln(p, "notice:", clean(n))
	}
	fmt.Fprintln(p)
	writeTable(p, r)
	fmt.Fprintln(p)
	if len(r.Hosts) > 0 {
		fmt.Fprintf(p, "HOSTS  %s\n\n", hostLine(r))
	}
	for _, s := range r.Sections() {
		writeSection(p, s)
	}
	fmt.Fprintf(p, "EPI CURVE  crashes by %s\n", r.GroupBy)
	writeCurve(p, r.Curve)
	return p.err
}

func writeSection(w io.Writer, s Section) {
	fmt.Fprintln(w, strings.ToUpper(s.Title))
	for _, line := range s.Lines {
		fmt.Fprintln(w, clean(line))
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, row := range append([][]string{s.Head}, s.Rows...) {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = clean(c)
		}
		if len(cells) > 0 {
			fmt.Fprintln(t, strings.Join(cells, "\t"))
		}
	}
	if err := t.Flush(); err != nil {
		return // the errWriter below has it
	}
	fmt.Fprintln(w)
}

func headline(r *Report) string {
	return fmt.Sprintf("%s to %s UTC: %s in %s on %s (archive %s, %s, %s in all)",
		r.Range.From.UTC().Format(timeLayout), r.Range.To.UTC().Format(timeLayout),
		count(r.Crashes(), "crash", "crashes"), count(r.Clusters.Total, "cluster", "clusters"), hostCount(r),
		clean(r.Status.Version), clean(r.Status.Storage), count(r.Status.Records, "record", "records"))
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func hostCount(r *Report) string {
	if len(r.Hosts) >= maxHosts {
		return fmt.Sprintf("%d or more hosts", maxHosts)
	}
	return count(int64(len(r.Hosts)), "host", "hosts")
}

func writeTable(w io.Writer, r *Report) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "CLASS\tKIND\tSIGNATURE\tCRASHES\tHOSTS\tFIRST SEEN (UTC)\tLAST SEEN (UTC)\tTREND")
	for _, c := range r.Clusters.Clusters {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", c.Class, c.Kind, clip(c.Signature), c.Crashes, c.Hosts,
			stamp(c.FirstSeen), stamp(c.LastSeen), sparkline(c.Trend))
	}
	if err := t.Flush(); err != nil {
		return // the errWriter below has it
	}
	if rest := r.Clusters.Total - int64(len(r.Clusters.Clusters)); rest > 0 {
		fmt.Fprintf(w, "and %s\n", count(rest, "more cluster", "more clusters"))
	}
}

func hostLine(r *Report) string {
	var parts []string
	for _, h := range r.Hosts[:min(len(r.Hosts), shownHosts)] {
		name := h.Value
		if name == "" {
			name = "unknown"
		}
		name = clip(name)
		parts = append(parts, fmt.Sprintf("%s (%d)", name, h.Crashes))
	}
	if more := len(r.Hosts) - shownHosts; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(timeLayout)
}

// width prints a bucket's width in the largest unit that divides it.
func width(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day && d%day == 0:
		return count(int64(d/day), "day", "days")
	case d >= time.Hour && d%time.Hour == 0:
		return count(int64(d/time.Hour), "hour", "hours")
	case d >= time.Minute && d%time.Minute == 0:
		return count(int64(d/time.Minute), "minute", "minutes")
	case d >= time.Second && d%time.Second == 0:
		return count(int64(d/time.Second), "second", "seconds")
	default:
		return d.String()
	}
}

// clip makes text fit one cell of a terminal: no control characters, which
// signatures from hostile files could carry, and no more than maxCell.
func clip(s string) string {
	runes := []rune(clean(s))
	if len(runes) > maxCell {
		return string(runes[:maxCell-1]) + "…"
	}
	return string(runes)
}

// clean replaces control characters, so that no name can move the cursor.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '�'
		}
		return r
	}, s)
}

// errWriter keeps the first error, so that printing reads as printing.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) Write(b []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.w.Write(b)
	e.err = err
	return n, err
}
