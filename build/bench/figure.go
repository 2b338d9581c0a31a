package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// rounds is how often each figure is measured; the median counts.
const rounds = 5

// figure is one line of the table.
type figure struct {
	what     string
	measured string
	bar      string // "" for what is printed for information only
	met      bool
	absent   string // why it could not be measured
}

// absent is a figure that this machine can't give.
func absent(what, bar string, why error) figure {
	return figure{what: what, bar: bar, absent: why.Error()}
}

// verdict is what stands in the last column.
func (f figure) verdict() string {
	switch {
	case f.absent != "":
		return "not measured"
	case f.bar == "":
		return ""
	case f.met:
		return "yes"
	default:
		return "NO"
	}
}

// printTable writes the figures, and below them why some are missing.
func printTable(out io.Writer, figures []figure) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tmeasured\tbar\tmet")
	for _, f := range figures {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.what, f.measured, f.bar, f.verdict())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, f := range figures {
		if f.absent != "" {
			if _, err := fmt.Fprintf(out, "not measured: %s: %s\n", f.what, f.absent); err != nil {
				return err
			}
		}
	}
	return nil
}

// median returns the middle of an odd number of values.
func median[T time.Duration | float64 | int64](values []T) T {
	values = slices.Clone(values)
	slices.Sort(values)
	return values[len(values)/2]
}

// medianOf runs f for each of the rounds, after once that does not count.
func medianOf[T time.Duration | float64 | int64](f func() (T, error)) (T, error) {
	var values []T
	for i := range rounds + 1 {
		v, err := f()
		if err != nil {
			return v, err
		}
		if i > 0 {
			values = append(values, v)
		}
	}
	return median(values), nil
}

// short prints a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.3g µs", d.Seconds()*1e6)
	}
}

// bytesText prints a size.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%d B", n)
	}
}
