package demo

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/epicurve/epicurve/build/binaries"
	"github.com/epicurve/epicurve/exporter/crashlab"
)

var programs struct {
	once              sync.Once
	dir               string
	exporter, archive string
	err               error
}

// built builds the two real programs, once for all tests of the package.
func built(t *testing.T) (exporter, archive string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds both programs; left out by -short")
	}
	p := &programs
	p.once.Do(func() {
		if p.dir, p.err = os.MkdirTemp("", "epicurve-demo-test-"); p.err != nil {
			return
		}
		b := binaries.Builder{Root: filepath.Join("..", ".."), Dir: p.dir, Log: t.Output()}
		if p.exporter, p.err = b.Build(t.Context(), binaries.Exporter); p.err == nil {
			p.archive, p.err = b.Build(t.Context(), binaries.Archive)
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.exporter, p.archive
}

// TestDemo runs what "go tool mage demo" runs, without Grafana: the real
// programs, on stored cores and on crashes that happen here and now.
func TestDemo(t *testing.T) {
	exporter, archive := built(t)
	for name, stored := range map[string]bool{"stored": true, "real": false} {
		t.Run(name, func(t *testing.T) {
			if err := crashlab.Available(t.Context()); !stored && err != nil {
				t.Skip(err)
			}
			var out bytes.Buffer
			err := Run(t.Context(), Config{
				Root: filepath.Join("..", ".."), Exporter: exporter, Archive: archive, Out: &out, Rounds: 4, Stored: stored,
			})
			t.Log("\n" + out.String())
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"return_to_null", "misaligned_stack", "stack_overflow", "EPI CURVE", "The counts agree."} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the output has no %q", want)
				}
			}
		})
	}
}

// TestDemoOnTerminalEndsWithItsContext stands for Ctrl-C: everything stops, and
// that is no failure.
func TestDemoOnTerminalEndsWithItsContext(t *testing.T) {
	exporter, archive := built(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watched{mark: "until Ctrl-C", seen: cancel}
	began := time.Now()
	err := Run(ctx, Config{
		Root: filepath.Join("..", ".."), Exporter: exporter, Archive: archive, Out: out, Stored: true, Interactive: true,
	})
	if err != nil {
		t.Error(err)
	}
	if !errors.Is(ctx.Err(), context.Canceled) || time.Since(began) > 2*time.Minute {
		t.Errorf("it ended by itself, after %s", time.Since(began))
	}
}

// watched calls seen when mark was written.
type watched struct {
	text bytes.Buffer
	mark string
	seen func()
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.text.Write(b)
	if strings.Contains(w.text.String(), w.mark) {
		w.seen()
	}
	return n, err
}

// TestExporterIsSmallAndStatic holds the node's binary to what a node can carry.
func TestExporterIsSmallAndStatic(t *testing.T) {
	exporter, _ := built(t)
	info, err := os.Stat(exporter)
	if err != nil {
		t.Fatal(err)
	}
	const bound = 25_000_000
	if info.Size() >= bound {
		t.Errorf("the exporter has %d bytes, want fewer than %d", info.Size(), bound)
	}
	file, err := elf.Open(exporter)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the exporter needs a dynamic linker")
		}
	}
}
