package bench

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/epicurve/epicurve/exporter/crashlab"
)

// perProcess is how many cores one process classifies where the figure is the
// processor time of a core, not of starting a program.
const perProcess = 2000

// ours is the processor time of the exporter's classify command on one core: of
// a whole process for one core, and per core in a process that classifies many.
func (b *bed) ours(ctx context.Context, core string, many int) (whole, each time.Duration, err error) {
	whole, err = medianOf(func() (time.Duration, error) {
		return processTime(ctx, b.exporter, "classify", "--output", "json", core)
	})
	if err != nil {
		return 0, 0, err
	}
	args := append([]string{"classify", "--output", "json"}, repeat(core, many)...)
	all, err := medianOf(func() (time.Duration, error) {
		return processTime(ctx, b.exporter, args...)
	})
	return whole, all / time.Duration(many), err
}

// againstGDB compares with gdb on a core of one thread, with its executable.
func (b *bed) againstGDB(ctx context.Context) ([]figure, error) {
	m := crashlab.Demo()[0]
	core, err := b.make(ctx, m)
	if err != nil {
		return nil, err
	}
	whole, each, err := b.ours(ctx, core, perProcess)
	if err != nil {
		return nil, err
	}
	figures := []figure{
		{what: "CPU a core, 1 thread: ours, of a process with " + fmt.Sprint(perProcess), measured: short(each)},
		{what: "CPU a core, 1 thread: ours, a process a core", measured: short(whole)},
	}
	const what, bar = "  gdb / ours (per core)", ">= 200"
	gdb, err := exec.LookPath("gdb")
	if err != nil {
		return append(figures, absent(what, bar, errors.New("gdb is not installed"))), nil
	}
	theirs, err := medianOf(func() (time.Duration, error) {
		return processTime(ctx, gdb, "-batch", "-ex", "info registers rip rsp", "-ex", "bt", b.executable(m), core)
	})
	if err != nil {
		return nil, err
	}
	return append(figures,
		figure{what: "CPU a core, 1 thread: gdb", measured: short(theirs)},
		ratio(what, theirs, each, 200),
		figure{what: "  gdb / ours (a process a core)", measured: fmt.Sprintf("%.0f", theirs.Seconds()/whole.Seconds())},
	), nil
}

// againstReadelf compares with eu-readelf -n on a core of 2,000 threads.
func (b *bed) againstReadelf(ctx context.Context) ([]figure, error) {
	core, err := b.make(ctx, crashlab.Threads(threadCount))
	if err != nil {
		return nil, err
	}
	whole, each, err := b.ours(ctx, core, perProcess)
	if err != nil {
		return nil, err
	}
	figures := []figure{
		{what: fmt.Sprintf("CPU a core, %d threads: ours, of a process with %d", threadCount, perProcess), measured: short(each)},
		{what: fmt.Sprintf("CPU a core, %d threads: ours, a process a core", threadCount), measured: short(whole)},
	}
	const what, bar = "  eu-readelf / ours (per core)", ">= 2"
	readelf, err := exec.LookPath("eu-readelf")
	if err != nil {
		return append(figures, absent(what, bar, errors.New("eu-readelf (elfutils) is not installed"))), nil
	}
	theirs, err := medianOf(func() (time.Duration, error) {
		return processTime(ctx, readelf, "-n", core)
	})
	if err != nil {
		return nil, err
	}
	return append(figures,
		figure{what: fmt.Sprintf("CPU a core, %d threads: eu-readelf -n", threadCount), measured: short(theirs)},
		ratio(what, theirs, each, 2),
		figure{what: "  eu-readelf / ours (a process a core)", measured: fmt.Sprintf("%.1f", theirs.Seconds()/whole.Seconds())},
	), nil
}

// ratio is theirs by ours, which must be at least the bar.
func ratio(what string, theirs, ours time.Duration, bar float64) figure {
	r := theirs.Seconds() / ours.Seconds()
	return figure{what: what, measured: fmt.Sprintf("%.1f", r), bar: fmt.Sprintf(">= %g", bar), met: r >= bar}
}
