package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/epicurve/epicurve/build/process"
	"github.com/epicurve/epicurve/pkg/query"
)

// ErrWrong is wrapped when the product says something that is not so.
var ErrWrong = errors.New("wrong")

// Config says what to rehearse with.
type Config struct {
	Exporter, Archive, Plugin string // paths of the binaries
	Cores                     string // folder of the stored cores
	Dir                       string // scratch directory
	Seed                      uint64
	Hosts                     int // even, at least 8
	Out                       io.Writer
}

// kills are how often programs are killed in each chapter.
const (
	exporterKills = 12
	archiveKills  = 2
)

// Run plays the story of the seed and prints a report. The error is about the
// rehearsal itself, or wraps ErrWrong for every statement of the product that is
// not so.
func (c Config) Run(ctx context.Context) error {
	began := time.Now()
	s := newStory(c.Seed, c.Hosts)
	fmt.Fprintf(c.Out, "story     seed %d: %d hosts, %d days, %d crashes: %d by the race, %d on %s, %d ordinary\n",
		s.seed, len(s.vms), s.days, s.crashes(), s.race, s.shifted, s.bad, s.ordinary)
	stage, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	err = stage.play(ctx)
	if err == nil {
		fmt.Fprintf(c.Out, "played    in %s; exporters killed %d times, the archive %d times\n", time.Since(began).Round(time.Second), stage.killed[0], stage.killed[1])
		err = stage.judge(ctx)
	}
	return errors.Join(err, stage.close())
}

// stage is a story with the programs that play it.
type stage struct {
	Config
	story  *story
	cores  shelf
	center *center
	hosts  []*host
	plugin *plugin
	client *query.Client
	killed [2]int // exporters, archive
}

func (c Config) open(ctx context.Context, s *story) (st *stage, err error) {
	st = &stage{Config: c, story: s}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.close())
		}
	}()
	if st.cores, err = openShelf(c.Cores); err != nil {
		return st, err
	}
	if st.center, err = newCenter(c.Dir, c.Archive); err != nil {
		return st, err
	}
	if err := st.center.start(ctx); err != nil {
		return st, err
	}
	if st.client, err = query.NewClient(st.center.url(), nil); err != nil {
		return st, err
	}
	for _, v := range s.vms {
		h, err := newHost(c.Dir, c.Exporter, v)
		if err != nil {
			return st, err
		}
		st.hosts = append(st.hosts, h)
	}
	st.plugin, err = startPlugin(c.Plugin, st.center.url())
	return st, err
}

func (st *stage) close() error {
	var errs []error
	if st.plugin != nil {
		st.plugin.stop()
	}
	for _, h := range st.hosts {
		errs = append(errs, h.stop())
	}
	if st.center != nil {
		errs = append(errs, st.center.stop())
	}
	return errors.Join(errs...)
}

// play plays the chapters, and marks in the ledger what people do.
func (st *stage) play(ctx context.Context) error {
	s := st.story
	for n, ch := range s.chapters {
		if err := st.turn(ctx, ch); err != nil {
			return fmt.Errorf("chapter %d: %w", n+1, err)
		}
		fmt.Fprintf(st.Out, "days %3d to %3d: %d crashes\n", ch.from, ch.to, len(ch.events))
		switch ch.to {
		case s.fixed:
			if err := st.mark(ctx, raceCluster, "the build without libunwind's race is everywhere",
				query.Fix{At: s.day(s.fixed), Builds: []string{"r2"}}); err != nil {
				return err
			}
		case s.removed:
			if err := st.mark(ctx, shiftedCluster, s.bad+" was taken out",
				query.Fix{At: s.day(s.removed), Removal: true, Dimension: "host.physical_id", Value: s.bad}); err != nil {
				return err
			}
		}
	}
	return nil
}

// turn plays one chapter: the hosts change, their cores appear while programs
// are killed, and all comes to rest.
func (st *stage) turn(ctx context.Context, ch chapter) error {
	for i, h := range st.hosts {
		if err := h.move(st.center.url(), ch.machine[i], ch.version[i]); err != nil {
			return err
		}
	}
	for _, e := range ch.events {
		st.hosts[e.vm].expected++
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parties sync.WaitGroup
	for _, party := range []func(context.Context, chapter) error{st.crash, st.killExporters, st.killArchive} {
		parties.Go(func() {
			if err := party(ctx, ch); err != nil {
				cancel(err)
			}
		})
	}
	parties.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := st.center.expose(ctx, st.story, ch); err != nil {
		return err
	}
	return st.rest(ctx)
}

// crash drops the cores of a chapter.
func (st *stage) crash(ctx context.Context, ch chapter) error {
	for _, e := range ch.events {
		if ctx.Err() != nil {
			return nil
		}
		if err := st.cores.drop(st.hosts[e.vm].cores(), e); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) killExporters(ctx context.Context, ch chapter) error {
	rng := rand.New(rand.NewPCG(st.Seed, uint64(2+2*ch.from))) //nolint:gosec // repeatable, not secret
	for range exporterKills {
		if ctx.Err() != nil {
			return nil
		}
		if err := st.hosts[rng.IntN(len(st.hosts))].kill(); err != nil {
			return err
		}
		st.killed[0]++
	}
	return nil
}

func (st *stage) killArchive(ctx context.Context, _ chapter) error {
	for range archiveKills {
		if ctx.Err() != nil {
			return nil
		}
		if err := st.center.kill(ctx); err != nil {
			return err
		}
		st.killed[1]++
	}
	return nil
}

// rest waits until every exporter has counted and shipped every crash so far.
func (st *stage) rest(ctx context.Context) error {
	for _, h := range st.hosts {
		var wrong error
		err := process.Until(ctx, 2*time.Minute, fmt.Sprintf("%s to count %d crashes and ship them (see %s)", h.name, h.expected, h.exporter.Log()), func() bool {
			done, err := h.counted(ctx)
			wrong = err
			return done || err != nil
		})
		if err := errors.Join(wrong, err); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) mark(ctx context.Context, cluster, text string, fix query.Fix) error {
	_, err := st.client.Append(ctx, []query.LedgerEvent{{
		Time: fix.At, Actor: "rehearsal", Cluster: cluster, Action: query.ActionFix, Text: text, Fix: &fix,
	}})
	if err != nil {
		return fmt.Errorf("mark the fix of %s: %w", cluster, err)
	}
	return nil
}
