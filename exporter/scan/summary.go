package scan

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Longest tables of a summary.
const (
	maxHostRows   = 20
	maxUnreadRows = 20
)

// Summary prints what a scan did.
func (t *Tally) Summary(out io.Writer) error {
	c := t.Now()
	w := &checked{out: out}
	took := time.Since(c.Started)
	w.printf("\n%d objects listed, %d read in %s (%.0f/s): %d crashes, %s of %s read (%.2f %% saved), %d requests\n",
		c.Listed, c.Done, took.Round(time.Millisecond), float64(c.Done)/max(took.Seconds(), 0.001), c.Records,
		Bytes(c.Taken), Bytes(c.DoneSize), c.Saved(), c.Requests)
	for _, part := range []struct {
		n    int
		what string
	}{
		{c.Skipped, "left out by the filters"},
		{c.OtherShard, "of other shards"},
		{c.Known, "done by an earlier scan"},
		{c.Retries, "requests repeated"},
		{c.Suppressed, "crashes marked as false positives"},
	} {
		if part.n > 0 {
			w.printf("%d %s\n", part.n, part.what)
		}
	}
	w.table("class", c.Classes, 0)
	w.table("kind", c.Kinds, 0)
	w.table("host", c.Hosts, maxHostRows)
	w.table("without a whole core", c.Reasons, 0)
	unread := t.Unread()
	slices.SortStableFunc(unread, func(a, b Unread) int { return cmp.Compare(order(b), order(a)) })
	for i, u := range unread {
		if i == maxUnreadRows {
			w.printf("  … %d more (--unreadable writes all of them to a file)\n", len(unread)-i)
			break
		}
		w.printf("  %-10s %q: %s\n", u.Reason, u.URL, oneLine(u.Error))
	}
	if c.Holes > 0 {
		w.printf("%d objects could not be read at all: their crashes are missing here. The next scan tries them again.\n", c.Holes)
	}
	return w.err
}

// order puts holes first.
func order(u Unread) int {
	if u.Hole {
		return 1
	}
	return 0
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// checked prints until it fails.
type checked struct {
	out io.Writer
	err error
}

func (w *checked) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

// table prints counts, largest first; limit 0 is all of them.
func (w *checked) table(what string, counts map[string]int, limit int) {
	if len(counts) == 0 || w.err != nil {
		return
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	tw := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	_, w.err = fmt.Fprintf(tw, "%s\t\n", what)
	for i, name := range names {
		if limit > 0 && i == limit {
			_, _ = fmt.Fprintf(tw, "  … %d more\t\n", len(names)-i) // Flush tells
			break
		}
		_, _ = fmt.Fprintf(tw, "  %s\t%d\n", oneLine(name), counts[name])
	}
	if err := tw.Flush(); w.err == nil {
		w.err = err
	}
}
