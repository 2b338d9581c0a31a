package scanning

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/epicurve/epicurve/build/s3server"
)

// Bench measures a scan of a bucket behind a latency, and of a folder of small
// cores.
type Bench struct {
	Root     string // of the checkout
	Exporter string // its binary
	Dir      string // for the cores; about 8 GB are used, and much more in holes
	Out      io.Writer
	Objects  int // in the bucket
	Files    int // in the folder
	Latency  time.Duration
	Workers  int // for the throughput
	Crowd    int // for the memory
}

// Bars of the figures.
const (
	wantShare  = 0.85
	wantMedian = 64 << 10
	wantRSS    = 256 << 20
	wantRate   = 3000
)

// Run measures and prints; a bar that is missed is in the table, not an error.
func (b Bench) Run(ctx context.Context) error {
	bucket := filepath.Join(b.Dir, "buckets", "cores")
	if err := os.MkdirAll(bucket, 0o755); err != nil {
		return err
	}
	cores, err := Corpus(b.Root, 1<<20)
	if err != nil {
		return err
	}
	if err := fill(ctx, bucket, cores, b.Objects); err != nil {
		return err
	}
	server, err := s3server.Start(ctx, b.Root, filepath.Dir(bucket), b.Out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	proxy, err := s3server.NewProxy(server.Endpoint)
	if err != nil {
		return err
	}
	defer proxy.Close()
	proxy.Delay(b.Latency)
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "figure\tmeasured\tbar\tmet\n")
	if err := b.ofBucket(ctx, proxy, table); err != nil {
		return err
	}
	if err := b.ofFolder(ctx, cores, table); err != nil {
		return err
	}
	return table.Flush()
}

// ofBucket measures throughput with some workers and memory with many.
func (b Bench) ofBucket(ctx context.Context, proxy *s3server.Proxy, table io.Writer) error {
	before, bytes := proxy.Requests(), proxy.Bytes()
	r, err := b.scan(ctx, proxy.URL, "s3://cores", "--workers", strconv.Itoa(b.Workers))
	if err != nil {
		return err
	}
	requests, taken := proxy.Requests()-before, proxy.Bytes()-bytes
	// What latency allows: every worker has one request under way, always.
	least := time.Duration(requests) * b.Latency / time.Duration(b.Workers)
	share := least.Seconds() / r.took.Seconds()
	row(table, fmt.Sprintf("bucket: %d cores of 0.5 MiB to 1 GiB, %s a request, %d workers", b.Objects, b.Latency, b.Workers),
		fmt.Sprintf("%s, %.0f cores/s, %.1f requests a core", r.took.Round(time.Millisecond), float64(b.Objects)/r.took.Seconds(), float64(requests)/float64(b.Objects)), "", true)
	row(table, "  share of what latency, requests and workers allow", fmt.Sprintf("%.2f", share), fmt.Sprintf(">= %.2f", wantShare), share >= wantShare)
	rate, err := b.bare(ctx, proxy.URL)
	if err != nil {
		return err
	}
	row(table, "  share of what the store gives a client that only requests", fmt.Sprintf("%.2f (%.0f requests/s)", float64(requests)/r.took.Seconds()/rate, rate), "", true)
	row(table, "  processor time of the scan a core, the server's not included", (r.cpu / time.Duration(b.Objects)).Round(time.Microsecond).String(), "", true)
	mean := taken / int64(b.Objects)
	row(table, "  bytes sent by the store a core, mean, listing included", kib(mean), "", true)
	row(table, "  bytes read of a core, median", kib(r.median), "< "+kib(wantMedian), r.median < wantMedian)
	crowd, err := b.scan(ctx, proxy.URL, "s3://cores", "--workers", strconv.Itoa(b.Crowd))
	if err != nil {
		return err
	}
	row(table, fmt.Sprintf("  peak memory with %d workers", b.Crowd), fmt.Sprintf("%d MiB (%.0f cores/s)", crowd.rss>>20, float64(b.Objects)/crowd.took.Seconds()),
		fmt.Sprintf("< %d MiB", wantRSS>>20), crowd.rss < wantRSS)
	return b.ofPeer(ctx, proxy.URL, r.took, table)
}

// ofFolder measures small cores on the local disk.
func (b Bench) ofFolder(ctx context.Context, cores []Core, table io.Writer) error {
	dir := filepath.Join(b.Dir, "small")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	slices.SortFunc(cores, func(a, b Core) int { return written(a.Content) - written(b.Content) })
	small := cores[:max(len(cores)/4, 1)]
	for i := range b.Files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c := small[i%len(small)]
		if err := sparse(filepath.Join(dir, fmt.Sprintf("%02x", i%256), fmt.Sprintf("core.%d", i)), c.Content); err != nil {
			return err
		}
	}
	r, err := b.scan(ctx, "http://127.0.0.1:1", dir, "--workers", "4")
	if err != nil {
		return err
	}
	rate := float64(b.Files) / r.took.Seconds()
	row(table, fmt.Sprintf("folder: %d cores of up to %s", b.Files, kib(int64(written(small[len(small)-1].Content)))),
		fmt.Sprintf("%s, %.0f cores/s, %d MiB", r.took.Round(time.Millisecond), rate, r.rss>>20), fmt.Sprintf(">= %d/s", wantRate), rate >= wantRate)
	return nil
}

// measured is what one scan took.
type measured struct {
	took   time.Duration
	cpu    time.Duration // of the exporter alone
	rss    int64
	median int64 // bytes read of a core
}

// scan runs the exporter; its records go to a file.
func (b Bench) scan(ctx context.Context, endpoint string, args ...string) (m measured, err error) {
	out, err := os.Create(filepath.Join(b.Dir, "records.jsonl"))
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	cmd := exec.CommandContext(ctx, b.Exporter, append([]string{"scan", "--output", "jsonl"}, args...)...)
	cmd.Env = append(os.Environ(), s3server.Env(endpoint)...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = out, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return m, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	m.rss, err = peak(cmd.Process.Pid, ended)
	if err != nil {
		return m, fmt.Errorf("scan: %w\n%s", err, said.String())
	}
	m.took, m.cpu = time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	m.median, err = medianRead(out.Name())
	return m, err
}

// peak waits for a process and returns the most memory that it had. The
// kernel's own account of a child includes what its parent had when it forked.
func peak(pid int, ended <-chan error) (rss int64, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return rss, err
		case <-tick.C:
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue // it has just ended
		}
		if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
			if kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64); err == nil {
				rss = max(rss, kb<<10)
			}
		}
	}
}

var bytesRead = regexp.MustCompile(`"crash.core.bytes_read":(\d+)`)

func medianRead(path string) (int64, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var all []int64
	for _, m := range bytesRead.FindAllSubmatch(content, -1) {
		n, err := strconv.ParseInt(string(m[1]), 10, 64)
		if err != nil {
			return 0, err
		}
		all = append(all, n)
	}
	if len(all) == 0 {
		return 0, errors.New("the scan printed no record")
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

func row(w io.Writer, what, measured, bar string, met bool) {
	said := ""
	if bar != "" {
		if said = "yes"; !met {
			said = "NO"
		}
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", what, measured, bar, said)
}

func kib(n int64) string { return fmt.Sprintf("%.1f KiB", float64(n)/1024) }
