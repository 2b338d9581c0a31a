package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/epicurve/epicurve/build/binaries"
	"github.com/epicurve/epicurve/exporter/crashlab"
)

// Cores measures the figures of the reader and the classifier and prints a
// table of them. It is to be run in the root of a checkout. The error says what
// kept it from measuring; a bar that is not met is in the table, not an error.
func Cores(ctx context.Context, out io.Writer) error {
	b := &bed{root: "."}
	var err error
	if b.dir, err = os.MkdirTemp("", "epicurve-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.lab, err = crashlab.Build(ctx, filepath.Join(b.dir, "lab")); err != nil {
		return fmt.Errorf("the benchmarks need real cores: %w", err)
	}
	if b.exporter, err = (binaries.Builder{Root: b.root, Dir: b.dir, Log: os.Stderr}).Build(ctx, binaries.Exporter); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s; load before: %s\n", machine(), load())
	figures, err := b.figures(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "load after: %s; each figure is the median of %d\n\n", load(), rounds)
	return printTable(out, figures)
}

// figures measures all, in the order of the table.
func (b *bed) figures(ctx context.Context) ([]figure, error) {
	var all []figure
	for _, measure := range []func(context.Context) ([]figure, error){
		b.againstGDB,
		b.againstReadelf,
		func(ctx context.Context) ([]figure, error) {
			f, err := b.bytesOfBig(ctx)
			return []figure{f}, err
		},
		b.manyInOne,
		b.allocations,
	} {
		f, err := measure(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, f...)
	}
	return all, nil
}

// machine names the processor.
func machine() string {
	name := "unknown processor"
	b, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		if _, rest, ok := strings.Cut(string(b), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			name = strings.Trim(line, " \t:")
		}
	}
	return fmt.Sprintf("%s, %d CPUs, %s", name, runtime.NumCPU(), runtime.Version())
}

// load is the machine's load average over 1, 5 and 15 minutes.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}
