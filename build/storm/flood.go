package storm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/epicurve/epicurve/build/process"
)

// Flood drops many cores at once into three directories, then single ones of
// 500 KiB, and watches what the exporter needs for them.
type Flood struct {
	Exporter string        // path of the binary
	Dir      string        // scratch directory
	Cores    int           // of the flood
	Within   time.Duration // they are dropped evenly within this time
	Singles  int           // cores whose delay is measured one by one
	Idle     time.Duration // how long to watch it idle, at the beginning
	Out      io.Writer
}

// FloodResult holds the figures.
type FloodResult struct {
	IdleRSS   int64   // bytes, before the first core
	IdleCPU   float64 // share of one processor, before the first core
	Dropped   time.Duration
	Counted   int
	Behind    time.Duration // from the last core dropped to the last one counted
	PeakRSS   int64
	AfterRSS  int64 // some seconds after the flood
	Overflows int
	Median    time.Duration // from the last byte of a single core to its count on /metrics
	P99       time.Duration
	Growing   time.Duration // from the first 64 KiB of a huge core to its provisional label
}

// Run measures. The error is about the measurement or about cores that were
// missed, not about slowness.
func (f Flood) Run(ctx context.Context) (r FloodResult, err error) {
	var dirs []string
	args := []string{"watch", "--state.dir", filepath.Join(f.Dir, "state"), "--log.level", "warn"}
	for i := range 3 {
		dir := filepath.Join(f.Dir, fmt.Sprintf("cores%d", i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return r, err
		}
		dirs = append(dirs, dir)
		args = append(args, "--core.dir", dir)
	}
	p, err := process.New(f.Exporter, filepath.Join(f.Dir, "exporter.log"), args...)
	if err != nil {
		return r, err
	}
	if err := p.Start(); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.Stop(os.Interrupt)) }()
	if err := process.Until(ctx, time.Minute, "exporter ready", func() bool { return p.Page(ctx, "/-/ready") != "" }); err != nil {
		return r, err
	}
	steps := []func(context.Context, *process.Program, []string, *FloodResult) error{f.idle, f.flood, f.singles, f.grows}
	for _, step := range steps {
		if err := step(ctx, p, dirs, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (f Flood) idle(ctx context.Context, p *process.Program, _ []string, r *FloodResult) error {
	p.Page(ctx, "/metrics") // as one scrape does
	before, err := p.CPU()
	if err != nil {
		return err
	}
	pause(ctx, f.Idle)
	after, err := p.CPU()
	if err != nil {
		return err
	}
	if f.Idle > 0 {
		r.IdleCPU = float64(after-before) / float64(f.Idle)
	}
	r.IdleRSS, _, err = p.Memory()
	fmt.Fprintf(f.Out, "idle      RSS %.1f MiB, %.2f %% of one CPU over %s\n", mib(r.IdleRSS), 100*r.IdleCPU, f.Idle)
	return err
}

func (f Flood) flood(ctx context.Context, p *process.Program, dirs []string, r *FloodResult) error {
	began := time.Now()
	errs := make([]error, len(dirs))
	var wg sync.WaitGroup
	for d, dir := range dirs {
		wg.Go(func() {
			for i := d; i < f.Cores; i += len(dirs) {
				pause(ctx, time.Until(began.Add(f.Within*time.Duration(i)/time.Duration(f.Cores))))
				if errs[d] = drop(dir, i, core(i+1, 0)); errs[d] != nil || ctx.Err() != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	r.Dropped = time.Since(began)
	last := time.Now()
	if err := f.counted(ctx, p, f.Cores, r); err != nil {
		return err
	}
	r.Behind = time.Since(last)
	overflows, _ := process.Metric(p.Page(ctx, "/metrics"), "epicurve_exporter_watch_overflows_total")
	r.Overflows = int(overflows)
	var err error
	if _, r.PeakRSS, err = p.Memory(); err != nil {
		return err
	}
	fmt.Fprintf(f.Out, "flood     %d cores within %s: %d counted, the last %s after it was dropped, %d overflows, peak RSS %.1f MiB\n",
		f.Cores, r.Dropped.Round(100*time.Millisecond), r.Counted, r.Behind.Round(time.Millisecond), r.Overflows, mib(r.PeakRSS))
	pause(ctx, 3*time.Second)
	r.AfterRSS, _, err = p.Memory()
	fmt.Fprintf(f.Out, "after     RSS %.1f MiB\n", mib(r.AfterRSS))
	return err
}

func (f Flood) counted(ctx context.Context, p *process.Program, want int, r *FloodResult) error {
	return process.Until(ctx, 2*time.Minute, fmt.Sprintf("%d crashes counted", want), func() bool {
		v, _ := process.Metric(p.Page(ctx, "/metrics"), "coredump_crashes_total")
		r.Counted = int(v)
		return r.Counted >= want
	})
}

// singles measures the delay of one core after another, from outside: by
// polling the page as a scrape would.
func (f Flood) singles(ctx context.Context, p *process.Program, dirs []string, r *FloodResult) error {
	if f.Singles == 0 {
		return nil
	}
	delays := make([]time.Duration, 0, f.Singles)
	for i := range f.Singles {
		n := f.Cores + i
		if err := drop(dirs[i%len(dirs)], n, core(n+1, 500<<10)); err != nil {
			return err
		}
		last := time.Now()
		if err := f.counted(ctx, p, n+1, r); err != nil {
			return err
		}
		delays = append(delays, time.Since(last))
	}
	slices.Sort(delays)
	r.Median, r.P99 = delays[len(delays)/2], delays[(len(delays)*99)/100]
	fmt.Fprintf(f.Out, "delay     %d cores of 500 KiB, last byte to count on /metrics: median %s, p99 %s\n",
		f.Singles, r.Median.Round(time.Millisecond), r.P99.Round(time.Millisecond))
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
