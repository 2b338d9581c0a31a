package characteristics

import (
	"fmt"
	"io"
	"strings"
)

func writeHeldOut(w io.Writer, rows []Silence, histories int) {
	fmt.Fprintf(w, "The same for processes that nobody looked at when the thresholds were chosen, percent of %d histories each:\n\n", histories)
	fmt.Fprintln(w, "| held-out process that never ends | mark at an unrelated time | mark at the end of a burst | naive Poisson 1 % | days to GONE after a real fix, median / p90 |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, r := range rows {
		t, e := r.Random, r.BurstEnd
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s / %s |\n", r.Process, two(t.Share(t.Gone)), two(e.Share(e.Gone)), one(t.Share(t.Naive)), wait(r.Median), wait(r.P90))
	}
	fmt.Fprintln(w)
}

func writeSpans(w io.Writer, spans []float64, rows [][]Silence, histories int) {
	fmt.Fprintf(w, "Falsely GONE with shorter and longer histories before the mark, percent of %d histories each: mark at an unrelated time / at the end of a burst:\n\n", histories)
	fmt.Fprint(w, "| process that never ends |")
	for _, span := range spans {
		fmt.Fprintf(w, " %.0f d |", span)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---|", len(spans)))
	for i, r := range rows[0] {
		fmt.Fprintf(w, "| %s |", r.Process)
		for _, of := range rows {
			t, e := of[i].Random, of[i].BurstEnd
			fmt.Fprintf(w, " %s / %s |", two(t.Share(t.Gone)), two(e.Share(e.Gone)))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func writeReduced(w io.Writer, rows []Reduced, histories int) {
	fmt.Fprintf(w, "REDUCED, percent of %d histories of %.0f days each, looked at on days 28, 56 and 112 after the mark: when nothing changed, and when half or nine tenths of the crashes are gone (by day 28 / by day 112):\n\n", histories, history)
	fmt.Fprintln(w, "| process | nothing changed | half gone | nine tenths gone |")
	fmt.Fprintln(w, "|---|---|---|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s | %s / %s | %s / %s |\n", r.Process, two(r.False), one(r.Half[0]), one(r.Half[1]), one(r.Tenth[0]), one(r.Tenth[1]))
	}
	fmt.Fprintln(w)
}

func writeSurges(w io.Writer, rows []Surges, histories int) {
	fmt.Fprintf(w, "Surge alarms of %d clusters of each rate, a year each, %d clusters sharing one false alarm a month (%.2f a cluster and year by design), and the median days from a rise to the alarm:\n\n", histories, surgeClusters, DesignedAlarms)
	fmt.Fprint(w, "| episodes a day | false alarms a year, constant rate | false alarms a year, bursty days |")
	for _, factor := range Rises {
		fmt.Fprintf(w, " rise × %g |", factor)
	}
	fmt.Fprintf(w, "\n|---|---|---|%s\n", strings.Repeat("---|", len(Rises)))
	for _, r := range rows {
		fmt.Fprintf(w, "| %g | %.2f | %.2f |", r.Rate, r.False, r.Bursty)
		for _, d := range r.Delay {
			if d < 0 {
				fmt.Fprintf(w, " > %d |", watchedRise)
			} else {
				fmt.Fprintf(w, " %d |", d)
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}
