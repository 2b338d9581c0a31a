package rehearsal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/epicurve/epicurve/build/process"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
)

// center is the archive, to be killed and started on the same file.
type center struct {
	mu      sync.Mutex
	program *process.Program
}

func newCenter(dir, binary string) (*center, error) {
	p, err := process.New(binary, filepath.Join(dir, "archive.log"), "serve", "--storage", "duckdb:"+filepath.Join(dir, "archive.duckdb"))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return &center{program: p}, nil
}

func (c *center) url() string { return c.program.URL("") }

// start starts the archive and waits until it answers.
func (c *center) start(ctx context.Context) error {
	if err := c.program.Start(); err != nil {
		return err
	}
	return process.Until(ctx, time.Minute, "the archive ready", func() bool { return c.program.Page(ctx, "/-/ready") != "" })
}

func (c *center) kill(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.program.Stop(syscall.SIGKILL); err != nil {
		return err
	}
	return c.start(ctx)
}

func (c *center) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.program.Stop(os.Interrupt)
}

// expose sends what the exporters would have sent of a chapter: of each host and
// day, that it was watched, on which machine, and which build ran. It is sent
// again until the archive has it; the slots' identity makes that harmless.
func (c *center) expose(ctx context.Context, s *story, ch chapter) error {
	var slots []crash.Exposure
	for day := ch.from; day < ch.to; day++ {
		for i, v := range s.vms {
			slots = append(slots, crash.Exposure{
				Host:  crash.Host{Name: v.name, ID: v.id, PhysicalID: ch.machine[i], CPUModel: v.cpu, KernelRelease: kernel},
				Cloud: crash.Cloud{Region: v.region},
				Start: s.day(day), Length: 24 * time.Hour, Covered: 24 * time.Hour,
				Builds: []crash.ExposedBuild{{ServiceName: "storage", ServiceVersion: ch.version[i], Running: 24 * time.Hour}},
			})
		}
	}
	body, err := otlp.Marshal(nil, slots)
	if err != nil {
		return fmt.Errorf("exposure: %w", err)
	}
	var last error
	err = process.Until(ctx, time.Minute, "the exposure taken", func() bool {
		last = c.post(ctx, body)
		return last == nil
	})
	if err != nil {
		return fmt.Errorf("exposure: %w: %w", err, last)
	}
	return nil
}

func (c *center) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.program.URL("/v1/logs"), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("archive answers %s: %.200s", resp.Status, answer)
	}
	return nil
}
