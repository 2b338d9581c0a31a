package scan

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"
)

// lineEvery is the time between two lines where there is no terminal.
const lineEvery = 10 * time.Second

// Show shows how a scan goes until ctx is done: a bar on a terminal, a line every
// ten seconds elsewhere. It returns when the last of it is written.
func Show(ctx context.Context, out io.Writer, tally *Tally) {
	if terminal(out) {
		bar(ctx, out, tally)
		return
	}
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := tally.Now()
			fmt.Fprintln(out, now.Line(time.Now()))
		}
	}
}

func terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func bar(ctx context.Context, out io.Writer, tally *Tally) {
	p := mpb.New(mpb.WithOutput(out), mpb.WithRefreshRate(200*time.Millisecond))
	text := decor.Any(func(decor.Statistics) string { now := tally.Now(); return " " + now.Line(time.Now()) })
	b := p.New(1, mpb.BarStyle(), mpb.BarWidth(24), mpb.AppendDecorators(text))
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		now := tally.Now()
		b.SetTotal(int64(max(now.Wanted, now.Done+1)), false)
		b.SetCurrent(int64(now.Done))
		select {
		case <-ctx.Done():
			b.SetTotal(int64(max(tally.Now().Done, 1)), true)
			p.Wait()
			return
		case <-tick.C:
		}
	}
}

// Line says in one line how a scan goes.
func (t *Totals) Line(now time.Time) string {
	took := max(now.Sub(t.Started), time.Millisecond)
	rate := float64(t.Done) / took.Seconds()
	of := fmt.Sprint(t.Wanted)
	if !t.ListedAll {
		of += "+"
	}
	parts := []string{fmt.Sprintf("%d/%s objects", t.Done, of), fmt.Sprintf("%.0f/s", rate), Bytes(t.Taken) + " read"}
	if t.DoneSize > 0 {
		parts = append(parts, fmt.Sprintf("%.2f %% saved", t.Saved()))
	}
	if t.Records > 0 {
		parts = append(parts, fmt.Sprintf("%d crashes", t.Records))
	}
	if errors := counts(t.Reasons); errors != "" {
		parts = append(parts, "without a core: "+errors)
	}
	if t.Retries > 0 {
		parts = append(parts, fmt.Sprintf("%d retries", t.Retries))
	}
	if left := t.Wanted - t.Done; left > 0 && rate > 0 {
		text := time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second).String() + " left"
		if !t.ListedAll {
			text = "at least " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// Saved is the share of the objects' bytes that was not read, in percent.
func (t *Totals) Saved() float64 {
	if t.DoneSize <= 0 {
		return 0
	}
	return max(0, 100*(1-float64(t.Taken)/float64(t.DoneSize)))
}

// counts prints names by how often they occur.
func counts(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %d", n, m[n])
	}
	return strings.Join(names, ", ")
}

// Bytes prints a number of bytes.
func Bytes(n int64) string {
	value, unit := float64(n), "B"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, u
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
