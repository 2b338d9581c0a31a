package characteristics

import (
	"fmt"
	"math"
	"strings"
)

// chart is a line chart that prints as SVG, the same bytes on every machine.
type chart struct {
	title       string
	x, y        axis
	lines       []line
	annotations []annotation
}

// axis maps values to a side of the chart; ticks are labelled values.
type axis struct {
	label    string
	min, max float64
	log      bool
	ticks    []tick
}

type tick struct {
	at   float64
	text string
}

// line is a curve; its points are joined, or steps where step is set.
type line struct {
	name, colour string
	x, y         []float64
	step, dashed bool
}

// annotation is a text at a point, with a dot.
type annotation struct {
	x, y float64
	text string
}

const (
	chartWidth, chartHeight     = 720.0, 300.0
	left, right, above, beneath = 62.0, 14.0, 34.0, 46.0
)

// of returns the part of an axis at which a value lies, 0 to 1.
func (a axis) of(v float64) float64 {
	lo, hi := a.min, a.max
	if a.log {
		v, lo, hi = math.Log(math.Max(v, a.min)), math.Log(lo), math.Log(hi)
	}
	return math.Min(1, math.Max(0, (v-lo)/(hi-lo)))
}

func (c chart) px(x float64) float64 { return left + c.x.of(x)*(chartWidth-left-right) }
func (c chart) py(y float64) float64 {
	return chartHeight - beneath - c.y.of(y)*(chartHeight-above-beneath)
}

// svg prints the chart.
func (c chart) svg() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12" role="img" aria-label=%q>`+"\n", chartWidth, chartHeight, c.title)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="white"/>`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, `<text x="%g" y="18" font-size="14" font-weight="bold">%s</text>`+"\n", left, escape(c.title))
	c.axes(&b)
	for i, l := range c.lines {
		c.line(&b, l, i)
	}
	for _, a := range c.annotations {
		x, y := c.px(a.x), c.py(a.y)
		anchor, dx := "start", 7.0
		if x > chartWidth*0.7 {
			anchor, dx = "end", -7
		}
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="4"/><text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, x+dx, y-7, anchor, escape(a.text))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (c chart) axes(b *strings.Builder) {
	bottom, end := chartHeight-beneath, chartWidth-right
	fmt.Fprintf(b, `<path d="M%g %gV%gH%g" fill="none" stroke="#333"/>`+"\n", left, above, bottom, end)
	for _, t := range c.x.ticks {
		anchor := "middle"
		if t.at >= c.x.max {
			anchor = "end"
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%g" text-anchor="%s">%s</text>`+"\n", c.px(t.at), bottom+16, anchor, escape(t.text))
	}
	for _, t := range c.y.ticks {
		y := c.py(t.at)
		fmt.Fprintf(b, `<path d="M%g %.1fH%g" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`+"\n", left, y, end, left-6, y+4, escape(t.text))
	}
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="middle">%s</text>`+"\n", (left+end)/2, chartHeight-10, escape(c.x.label))
	fmt.Fprintf(b, `<text x="14" y="%g" text-anchor="middle" transform="rotate(-90 14 %g)">%s</text>`+"\n", (above+bottom)/2, (above+bottom)/2, escape(c.y.label))
}

func (c chart) line(b *strings.Builder, l line, number int) {
	var path strings.Builder
	for i := range l.x {
		x, y := c.px(l.x[i]), c.py(l.y[i])
		switch {
		case i == 0:
			fmt.Fprintf(&path, "M%.1f %.1f", x, y)
		case l.step:
			fmt.Fprintf(&path, "H%.1fV%.1f", x, y)
		default:
			fmt.Fprintf(&path, "L%.1f %.1f", x, y)
		}
	}
	dash := ""
	if l.dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", path.String(), l.colour, dash)
	if l.name == "" {
		return
	}
	y := above + 6 + 16*float64(number)
	fmt.Fprintf(b, `<path d="M%g %gh22" stroke="%s" stroke-width="2"%s/><text x="%g" y="%g">%s</text>`+"\n", chartWidth-286, y-4, l.colour, dash, chartWidth-258, y, escape(l.name))
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
