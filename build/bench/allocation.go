package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/exporter/crashlab"
	"github.com/epicurve/epicurve/pkg/crash"
)

// allocationBar is what reading and classifying one uncompressed core may
// allocate in all, in bytes, freed or not.
const allocationBar = 2_000_000

// allocations measures the bytes allocated for one core, of several shapes.
func (b *bed) allocations(ctx context.Context) ([]figure, error) {
	n, err := mappingsAllowed()
	if err != nil {
		return nil, err
	}
	var figures []figure
	for _, m := range []crashlab.Mode{crashlab.Demo()[0], crashlab.Threads(threadCount), crashlab.Mappings(min(n-200, segmentCount))} {
		core, err := b.make(ctx, m)
		if err != nil {
			return nil, err
		}
		f, err := allocated("allocated for a real core: "+m.Summary, func() (crash.Record, error) { return classifyFile(core) })
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	img, err := widest()
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("allocated for a synthetic core: %d segments, %d threads", segmentCount, threadCount)
	f, err := allocated(what, func() (crash.Record, error) { return classifyReader(img, img.Size()) })
	return append(figures, f), err
}

func allocated(what string, do func() (crash.Record, error)) (figure, error) {
	n, err := medianOf(func() (int64, error) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := do()
		runtime.ReadMemStats(&after)
		if err == nil {
			err = wantNull(r)
		}
		return int64(after.TotalAlloc - before.TotalAlloc), err //nolint:gosec // far below 2^63
	})
	if err != nil {
		return figure{}, fmt.Errorf("%s: %w", what, err)
	}
	return figure{what: what, measured: fmt.Sprintf("%.3f MB", float64(n)/1e6), bar: "< 2 MB", met: n < allocationBar}, nil
}

// mappingsAllowed is vm.max_map_count.
func mappingsAllowed() (int, error) {
	b, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("vm.max_map_count: %w", err)
	}
	return n, nil
}
