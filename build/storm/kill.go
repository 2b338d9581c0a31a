package storm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/epicurve/epicurve/build/process"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Kill is a storm of cores during which both programs are killed.
type Kill struct {
	Exporter string // path of the binary
	Archive  string // path of the binary, "" for a storm without one
	Dir      string // scratch directory
	Cores    int    // to drop, at least one a kill
	// ExporterKills and ArchiveKills are how often SIGKILL hits each.
	ExporterKills, ArchiveKills int
	Seed                        uint64
	Out                         io.Writer
}

// Result is what the counts say afterwards. All is well when they are equal.
type Result struct {
	Made     int // cores dropped
	Counted  int // sum of coredump_crashes_total
	Spooled  int // crashes in the spool, or in the archive when there is one
	Archived int // records in the archive, -1 without one
	Took     time.Duration
}

// Run rages until all kills are done, lets both programs come to rest, and
// counts. The error is about the storm itself or about wrong counts.
func (k Kill) Run(ctx context.Context) (Result, error) {
	began := time.Now()
	s, err := k.prepare()
	if err != nil {
		return Result{}, err
	}
	if err := s.rage(ctx); err != nil {
		return Result{}, err
	}
	fmt.Fprintf(k.Out, "storm     %d cores dropped, exporter killed %d times, archive %d times, in %s\n",
		k.Cores, s.exporterKills.Load(), s.archiveKills.Load(), time.Since(began).Round(time.Second))
	r, err := s.count(ctx)
	r.Took = time.Since(began)
	fmt.Fprintf(k.Out, "counted   %d by the exporter, %d through its spool, %d in the archive, of %d\n", r.Counted, r.Spooled, r.Archived, r.Made)
	return r, err
}

// kill is a storm under way.
type kill struct {
	Kill
	dirs                        []string
	exporter, archive           *process.Program
	exporterKills, archiveKills atomic.Int64
	highest                     float64 // count ever seen on /metrics
}

func (k Kill) prepare() (*kill, error) {
	s := &kill{Kill: k}
	args := []string{"watch", "--state.dir", filepath.Join(k.Dir, "state")}
	for i := range 3 {
		dir := filepath.Join(k.Dir, fmt.Sprintf("cores%d", i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		s.dirs = append(s.dirs, dir)
		args = append(args, "--core.dir", dir)
	}
	var err error
	if k.Archive != "" {
		s.archive, err = process.New(k.Archive, filepath.Join(k.Dir, "archive.log"),
			"serve", "--storage", "duckdb:"+filepath.Join(k.Dir, "archive.duckdb"))
		if err != nil {
			return nil, err
		}
		args = append(args, "--archive.url", s.archive.URL(""))
	}
	s.exporter, err = process.New(k.Exporter, filepath.Join(k.Dir, "exporter.log"), args...)
	return s, err
}

// rage runs the three parties at once: who drops, who kills the exporter, who
// kills the archive.
func (s *kill) rage(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	party := func(f func(context.Context, *rand.Rand) error, stream uint64) {
		all.Go(func() {
			if err := f(ctx, rand.New(rand.NewPCG(s.Seed, stream))); err != nil { //nolint:gosec // repeatable, not secret
				cancel(err)
			}
		})
	}
	party(s.drop, 1)
	party(s.killExporter, 2)
	if s.archive != nil {
		party(s.killArchive, 3)
	}
	all.Wait()
	return context.Cause(ctx)
}

// drop spreads the cores over the kills of the exporter, in bursts.
func (s *kill) drop(ctx context.Context, rng *rand.Rand) error {
	for i := 0; i < s.Cores && ctx.Err() == nil; {
		due := s.Cores
		if s.ExporterKills > 0 {
			due = min(s.Cores, int(s.exporterKills.Load()+1)*s.Cores/s.ExporterKills)
		}
		for ; i < due; i++ {
			if err := drop(s.dirs[rng.IntN(len(s.dirs))], i, core(i+1, 0)); err != nil {
				return fmt.Errorf("drop core %d: %w", i, err)
			}
		}
		pause(ctx, time.Duration(rng.Int64N(int64(20*time.Millisecond))))
	}
	return nil
}

func (s *kill) killExporter(ctx context.Context, rng *rand.Rand) error {
	for int(s.exporterKills.Load()) < s.ExporterKills && ctx.Err() == nil {
		if err := s.exporter.Start(); err != nil {
			return err
		}
		pause(ctx, time.Duration(rng.Int64N(int64(200*time.Millisecond))))
		err := s.observe(ctx)
		if err := errors.Join(err, s.exporter.Stop(syscall.SIGKILL)); err != nil {
			return err
		}
		s.exporterKills.Add(1)
	}
	return nil
}

// observe checks that no restart took the counter back, where the exporter has
// come far enough to show it.
func (s *kill) observe(ctx context.Context) error {
	v, ok := process.Metric(s.exporter.Page(ctx, "/metrics"), "coredump_crashes_total")
	if !ok {
		return nil
	}
	if v < s.highest {
		return fmt.Errorf("the counter went back from %g to %g", s.highest, v)
	}
	s.highest = v
	return nil
}

func (s *kill) killArchive(ctx context.Context, rng *rand.Rand) error {
	for int(s.archiveKills.Load()) < s.ArchiveKills && ctx.Err() == nil {
		if err := s.archive.Start(); err != nil {
			return err
		}
		if err := process.Until(ctx, time.Minute, "archive ready", func() bool {
			return s.archive.Page(ctx, "/-/ready") != ""
		}); err != nil {
			return errors.Join(err, s.archive.Stop(syscall.SIGKILL))
		}
		pause(ctx, time.Duration(rng.Int64N(int64(500*time.Millisecond))))
		if err := s.archive.Stop(syscall.SIGKILL); err != nil {
			return err
		}
		s.archiveKills.Add(1)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// count lets both programs come to rest and compares.
func (s *kill) count(ctx context.Context) (r Result, err error) {
	r = Result{Made: s.Cores, Archived: -1}
	if s.archive != nil {
		if err := s.archive.Start(); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, s.archive.Stop(os.Interrupt)) }()
	}
	if err := s.exporter.Start(); err != nil {
		return r, err
	}
	err = s.rest(ctx, &r)
	if s.archive != nil {
		var statusErr error
		r.Archived, statusErr = s.archived(ctx)
		err = errors.Join(err, statusErr)
	}
	err = errors.Join(err, s.exporter.Stop(os.Interrupt))
	spooled, twice, spoolErr := s.spooled()
	r.Spooled = spooled
	if s.archive != nil {
		r.Spooled = r.Archived // what is shipped has left the spool
	}
	if err = errors.Join(err, spoolErr); err != nil {
		return r, err
	}
	if r.Counted != r.Made || r.Spooled != r.Made || twice > 0 {
		err = fmt.Errorf("made %d, counted %d, spooled %d (%d of them twice), archived %d", r.Made, r.Counted, r.Spooled, twice, r.Archived)
	}
	return r, err
}

// rest waits until everything is counted and shipped.
func (s *kill) rest(ctx context.Context, r *Result) error {
	counted := func() bool {
		page := s.exporter.Page(ctx, "/metrics")
		v, ok := process.Metric(page, "coredump_crashes_total")
		pending, _ := process.Metric(page, "epicurve_exporter_spool_pending_records")
		r.Counted = int(v)
		return ok && r.Counted >= s.Cores && (s.archive == nil || pending == 0)
	}
	if err := process.Until(ctx, 2*time.Minute, "every crash counted and shipped", counted); err != nil {
		return err
	}
	pause(ctx, time.Second) // an exporter that counts twice would go on
	counted()
	return nil
}

// spooled counts the crashes in the spool of the exporter that was stopped.
func (s *kill) spooled() (once, twice int, err error) {
	sp, err := spool.Open(spool.Config{Dir: filepath.Join(s.Dir, "state")})
	if err != nil {
		return 0, 0, err
	}
	defer sp.Close()
	ids := make(map[crash.ID]bool)
	err = sp.Replay(0, func(e spool.Entry) error {
		if e.Record == nil {
			return nil
		}
		if ids[e.Record.ID] {
			twice++
		}
		ids[e.Record.ID] = true
		return nil
	})
	return len(ids), twice, err
}

func (s *kill) archived(ctx context.Context) (int, error) {
	client, err := query.NewClient(s.archive.URL(""), nil)
	if err != nil {
		return 0, err
	}
	st, err := client.Status(ctx)
	return int(st.Records), err
}
