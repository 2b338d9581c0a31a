package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/epicurve/epicurve/pkg/otlp"
)

// Figures of the ingest.
const (
	ingestBar    = 20_000 // records a second
	ingestBodies = 60     // requests that are measured
	senders      = 4
	busyRate     = 5000 // records a second while questions are asked
	busyBar      = 400 * time.Millisecond
)

// bodies encodes requests before they are timed.
func (p *population) bodies(n int) ([][]byte, error) {
	out := make([][]byte, n)
	for i := range out {
		b, err := otlp.Marshal(p.records(batch), nil)
		if err != nil {
			return nil, err
		}
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(b); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		out[i] = z.Bytes()
	}
	return out, nil
}

// post sends one body and waits for its commit.
func (a *archive) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/v1/logs", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	reply, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ingest: %s %s %w", resp.Status, reply, err)
	}
	return nil
}

// ingest sends requests from several sides as fast as they are taken.
func ingest(ctx context.Context, a *archive, p *population, _ Config, _ time.Time) ([]figure, error) {
	bodies, err := p.bodies(ingestBodies)
	if err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(bodies))
	before, err := a.processorTime()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	for side := range senders {
		wg.Go(func() {
			for i := side; i < len(bodies); i += senders {
				if err := a.post(ctx, bodies[i]); err != nil {
					errs <- err
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	select {
	case err := <-errs:
		return nil, err
	default:
	}
	after, err := a.processorTime()
	if err != nil {
		return nil, err
	}
	n := float64(len(bodies) * batch)
	rate, each := n/took.Seconds(), (after-before).Seconds()/n
	return []figure{{
		what: "HTTP ingest: processor time of the archive", measured: fmt.Sprintf("%.0f µs a record", each*1e6),
	}, {
		what: "HTTP ingest: what two cores could take by that", measured: fmt.Sprintf("%.0f records/s", 2/each),
	}, {
		what: fmt.Sprintf("HTTP ingest, OTLP gzip, %d senders, durable", senders), measured: fmt.Sprintf("%.0f records/s", rate),
		bar: fmt.Sprintf("> %d", ingestBar), met: rate > ingestBar,
	}}, nil
}

// busy asks the questions while records come in at a steady rate.
func busy(ctx context.Context, a *archive, p *population, c Config, end time.Time) ([]figure, error) {
	key, err := largest(ctx, a, end)
	if err != nil {
		return nil, err
	}
	bodies, err := p.bodies(100)
	if err != nil {
		return nil, err
	}
	feeding, stop := context.WithCancel(ctx)
	fed := make(chan error, 1)
	go func() { fed <- a.feed(feeding, bodies) }()
	figures, err := measured(ctx, a, questions(end, key), c.Runs, fmt.Sprintf(", %d/s coming in", busyRate),
		func(question) (time.Duration, time.Duration) { return 0, busyBar })
	stop()
	if feedErr := <-fed; err == nil && feedErr != nil {
		err = feedErr
	}
	return figures, err
}

// feed posts bodies at busyRate until ctx ends, or until there are no more.
func (a *archive) feed(ctx context.Context, bodies [][]byte) error {
	tick := time.NewTicker(time.Second * batch / busyRate)
	defer tick.Stop()
	for _, b := range bodies {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := a.post(context.WithoutCancel(ctx), b); err != nil {
			return err
		}
	}
	return nil
}
