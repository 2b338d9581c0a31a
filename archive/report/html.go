package report

import (
	_ "embed"
	"html/template"
	"io"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

//go:embed report.html.tmpl
var page string

// Measures of the drawing, in CSS pixels.
const (
	plotWidth  = 900.0
	plotHeight = 220.0
)

// colours are Okabe and Ito's, told apart with every kind of colour vision; the
// last one is for the sum of the rest.
var colours = []string{"#d55e00", "#0072b2", "#999999", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"}

// bar is one box of the drawing.
type bar struct {
	X, Y, Width, Height float64
	Colour, Title       string
}

// entry is one line of its legend.
type entry struct {
	Colour, Name string
	Total        float64
}

// drawing is what the template needs of an epi curve.
type drawing struct {
	Width, Height float64
	Bars          []bar
	Legend        []entry
	Peak          float64
	First, Last   string
	Interval      time.Duration
}

func writeHTML(w io.Writer, r *Report) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"stamp": stamp, "headline": headline, "hosts": hostLine, "width": width, "clean": clean,
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		*Report
		Drawing drawing
	}{r, draw(r.Curve)})
}

// draw stacks the series as boxes.
func draw(t query.Timeseries) drawing {
	d := drawing{Width: plotWidth, Height: plotHeight, Interval: time.Duration(t.Interval)}
	for i := range t.Times {
		d.Peak = max(d.Peak, total(t, i))
	}
	for i, s := range t.Series {
		d.Legend = append(d.Legend, entry{colour(i), seriesName(s), s.Total})
	}
	if len(t.Times) == 0 || d.Peak == 0 {
		return d
	}
	d.First, d.Last = stamp(t.Times[0]), stamp(t.Times[len(t.Times)-1].Add(d.Interval))
	width := plotWidth / float64(len(t.Times))
	for i, begin := range t.Times {
		bottom := 0.0
		for s, series := range t.Series {
			v := at(series, i)
			if v == 0 {
				continue
			}
			h := v / d.Peak * plotHeight
			bottom += h
			d.Bars = append(d.Bars, bar{
				X: float64(i) * width, Y: plotHeight - bottom, Width: max(width-1, 1), Height: h,
				Colour: colour(s), Title: stamp(begin) + " " + seriesName(series) + ": " + count(int64(v), "crash", "crashes"),
			})
		}
	}
	return d
}

func colour(series int) string { return colours[min(series, len(colours)-1)] }
