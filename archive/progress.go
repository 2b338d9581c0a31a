package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/epicurve/epicurve/archive/importer"
)

// progress shows how far an import is: a bar on a terminal, a line now and then
// elsewhere.
type progress struct {
	out    io.Writer
	name   string
	bars   *mpb.Progress // nil off a terminal
	bar    *mpb.Bar
	last   time.Time
	told   int
	latest importer.Counts
}

// Bounds of what an import prints.
const (
	lineEvery = 5 * time.Second
	maxTold   = 20 // faults that are named one by one
)

func newProgress(out io.Writer, name string, size int64) *progress {
	p := &progress{out: out, name: name, last: time.Now()}
	if onTerminal(out) && size > 0 {
		p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(64))
		p.bar = p.bars.AddBar(size,
			mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.CountersKibiByte("% .1f / % .1f")),
			mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done")))
	}
	return p
}

// onTerminal reports whether somebody looks at what is written.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// reader counts what is read.
func (p *progress) reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	return p.bar.ProxyReader(r)
}

// printer is where lines go beside a bar.
func (p *progress) printer() io.Writer {
	if p.bars != nil {
		return p.bars
	}
	return p.out
}

func (p *progress) failed(err error) {
	switch p.told++; {
	case p.told <= maxTold:
		fmt.Fprintf(p.printer(), "%s: %v\n", p.name, err)
	case p.told == maxTold+1:
		fmt.Fprintf(p.printer(), "%s: further faults are counted, not shown\n", p.name)
	}
}

func (p *progress) counts(c importer.Counts) {
	p.latest = c
	if p.bars == nil && time.Since(p.last) >= lineEvery {
		p.last = time.Now()
		fmt.Fprintf(p.out, "%s: %d items, %d added, %d known, %d bad\n", p.name, c.Items, c.Added, c.Duplicates, c.Bad+c.Refused)
	}
}

// end leaves the bar as it is, full when all went well.
func (p *progress) end(err error) {
	if p.bar == nil {
		return
	}
	if err != nil {
		p.bar.Abort(false)
	} else {
		p.bar.SetTotal(-1, true)
	}
	p.bars.Wait()
}
