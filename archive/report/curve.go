package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/epicurve/epicurve/pkg/query"
)

// symbols tell the series of a curve apart without colour; the last one is for
// the sum of the rest.
var symbols = []rune("█▒░▞+×o·")

// Height of a terminal's epi curve in rows.
const curveHeight = 10

// writeCurve draws the series stacked, one column a bucket, as epidemiologists
// draw an outbreak: every crash is a box until there are too many.
func writeCurve(w io.Writer, t query.Timeseries) {
	peak := 0.0
	for i := range t.Times {
		peak = max(peak, total(t, i))
	}
	if peak == 0 {
		fmt.Fprintln(w, "  no crashes in this range")
		return
	}
	wide := barWidth(len(t.Times))
	unit := max(1, math.Ceil(peak/curveHeight))
	rows := int(math.Ceil(peak / unit))
	gutter := len(fmt.Sprintf("%.0f", float64(rows)*unit))
	for row := rows; row >= 1; row-- {
		label := ""
		if row == rows || row == 1 || row == (rows+1)/2 {
			label = fmt.Sprintf("%.0f", float64(row)*unit)
		}
		var line strings.Builder
		for i := range t.Times {
			line.WriteString(strings.Repeat(string(cell(t, i, float64(row-1)*unit, unit)), wide))
		}
		fmt.Fprintf(w, "  %*s │%s\n", gutter, label, strings.TrimRight(line.String(), " "))
	}
	fmt.Fprintf(w, "  %*s └%s\n", gutter, "", strings.Repeat("─", wide*len(t.Times)))
	fmt.Fprintf(w, "  %*s  %s\n", gutter, "", axis(t, wide))
	fmt.Fprintf(w, "  %*s  %s; one row is %.0f, one bar %s\n", gutter, "", legend(t), unit, width(time.Duration(t.Interval)))
}

// barWidth is the width of a bucket's bar in characters: few buckets are drawn
// wide, so that an outbreak of a minute does not look like a comb's tooth.
func barWidth(buckets int) int { return max(1, min(4, DefaultColumns/max(1, buckets))) }

// cell returns the symbol of the series that covers the middle of the box
// between bottom and bottom+unit in bucket i.
func cell(t query.Timeseries, i int, bottom, unit float64) rune {
	sum := 0.0
	for s, series := range t.Series {
		v := at(series, i)
		if v == 0 {
			continue
		}
		sum += v
		if sum > bottom {
			// A box that several series share goes to the one that fills it.
			if sum >= bottom+unit/2 || sum == total(t, i) {
				return symbol(s)
			}
		}
	}
	return ' '
}

func symbol(series int) rune { return symbols[min(series, len(symbols)-1)] }

func at(s query.Series, i int) float64 {
	if i < len(s.Values) && s.Values[i] != nil {
		return *s.Values[i]
	}
	return 0
}

func total(t query.Timeseries, i int) float64 {
	sum := 0.0
	for _, s := range t.Series {
		sum += at(s, i)
	}
	return sum
}

// axis labels the first and the last bucket, and the middle where it fits.
func axis(t query.Timeseries, wide int) string {
	layout := "15:04:05"
	if time.Duration(t.Interval) >= time.Hour {
		layout = "01-02 15:04"
	}
	if time.Duration(t.Interval) >= 24*time.Hour {
		layout = "2006-01-02"
	}
	n := wide * len(t.Times)
	line := []rune(strings.Repeat(" ", max(n, len(layout))))
	put := func(column int, text string) { copy(line[max(0, column):], []rune(text)) }
	put(0, t.Times[0].UTC().Format(layout))
	if n >= 2*len(layout)+2 {
		put(n-len(layout), t.Times[len(t.Times)-1].UTC().Format(layout))
	}
	if n >= 4*len(layout) {
		put(n/2-len(layout)/2, t.Times[len(t.Times)/2].UTC().Format(layout))
	}
	return strings.TrimRight(string(line), " ") + " UTC"
}

// legend names the symbols.
func legend(t query.Timeseries) string {
	var parts []string
	for i, s := range t.Series {
		parts = append(parts, fmt.Sprintf("%c %s (%.0f)", symbol(i), seriesName(s), s.Total))
	}
	return strings.Join(parts, "  ")
}

// seriesName is the values of a series' labels.
func seriesName(s query.Series) string {
	if s.Other {
		return query.OtherSeries
	}
	var values []string
	for _, v := range s.Labels {
		if v == "" {
			v = "unknown"
		}
		values = append(values, clip(v))
	}
	if len(values) == 0 {
		return "all"
	}
	return strings.Join(values, " ")
}

// sparkline draws counts in one row of eighths.
func sparkline(counts []int64) string {
	const levels = "▁▂▃▄▅▆▇█"
	var peak int64
	for _, c := range counts {
		peak = max(peak, c)
	}
	var b strings.Builder
	for _, c := range counts {
		if c <= 0 || peak == 0 {
			b.WriteByte(' ')
			continue
		}
		level := int((c*8 - 1) / peak)
		b.WriteRune([]rune(levels)[min(level, utf8.RuneCountInString(levels)-1)])
	}
	return strings.TrimRight(b.String(), " ")
}
