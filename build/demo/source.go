package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/epicurve/epicurve/exporter/crashlab"
	"github.com/epicurve/epicurve/pkg/crash"
)

// pause lies between the further crashes of a demo that keeps running.
const pause = 10 * time.Second

// source makes crashes whose core files appear in a watched folder.
type source struct {
	lab   *crashlab.Lab // nil where real cores can't be made
	cores string
	out   io.Writer
}

// openSource compiles the crash programs, or says why stored cores have to do.
func (c Config) openSource(ctx context.Context, dir, cores string) (*source, error) {
	s := &source{cores: cores, out: c.Out}
	err := errors.New("stored cores were asked for")
	if !c.Stored {
		s.lab, err = crashlab.Build(ctx, filepath.Join(dir, "lab"))
	}
	switch {
	case err == nil:
		fmt.Fprintf(c.Out, "crashes   real ones, by small C programs; the kernel writes their core files:\n")
		for _, m := range crashlab.Demo() {
			fmt.Fprintf(c.Out, "            %-17s %s\n", m.Name, m.Summary)
		}
	case errors.Is(err, crashlab.ErrNoCores), errors.Is(err, crashlab.ErrNoTool), c.Stored:
		fmt.Fprintf(c.Out, "crashes   no new ones: %s\n          Real cores of the same programs, made earlier, are put into the folder instead.\n", err)
	default:
		return nil, err
	}
	return s, nil
}

// outbreak makes the crashes and returns what must be counted. It is staged like
// the case that the product is built on: a background of ordinary crashes, one
// disease that grows slowly, another that begins at a sharp moment.
func (s *source) outbreak(ctx context.Context, rounds int) (counts, error) {
	made := make(counts)
	if s.lab == nil {
		stored, err := crashlab.Stored(s.cores)
		for _, c := range stored {
			made[expected(c.Mode)]++
		}
		return made, err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for round := range rounds {
		for _, m := range staged(round, rounds) {
			if _, err := s.lab.Crash(ctx, m, s.cores); err != nil {
				return nil, err
			}
			made[expected(m)]++
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
	return made, nil
}

// staged returns the crashes of one round.
func staged(round, rounds int) []crashlab.Mode {
	byKind := make(map[string]crashlab.Mode)
	var ordinary, modes []crashlab.Mode
	for _, m := range crashlab.Demo() {
		byKind[m.Want.Kind] = m
		if m.Want.Class == string(crash.Other) {
			ordinary = append(ordinary, m)
		}
	}
	modes = append(modes, ordinary[round%len(ordinary)])
	for range 1 + round/2 {
		modes = append(modes, byKind[string(crash.KindReturnToNull)])
	}
	if round >= 2*rounds/3 {
		modes = append(modes, byKind[string(crash.KindMisalignedStack)], byKind[string(crash.KindMisalignedStack)])
	}
	return modes
}

// expected is how a crash must be counted; it follows from how it was made.
func expected(m crashlab.Mode) finding {
	return finding{crash.Class(m.Want.Class), crash.Kind(m.Want.Kind)}
}

// trickle makes a further crash at every pause until the context ends.
func (s *source) trickle(ctx context.Context) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	modes := crashlab.Demo()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if s.lab == nil {
			continue
		}
		if _, err := s.lab.Crash(ctx, modes[i%len(modes)], s.cores); err != nil {
			return err
		}
	}
}
