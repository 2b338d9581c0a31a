package metrics

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	push "github.com/VictoriaMetrics/metrics"
)

// Push describes where metrics of a host that cannot be scraped are sent to.
type Push struct {
	URL      string // such as http://victoria:8428/api/v1/import/prometheus
	Interval time.Duration
	// Labels are added to every series, such as `instance="web-1"`.
	Labels string
	// Headers are whole header lines, such as "Authorization: Bearer …".
	Headers []string
}

// StartPush pushes the registry until ctx is done; the returned function waits
// for the last push to end.
func (r *Registry) StartPush(ctx context.Context, p Push, logger *slog.Logger) (wait func(), err error) {
	var wg sync.WaitGroup
	write := func(w io.Writer) {
		if err := r.WriteText(w); err != nil {
			logger.Error("Cannot write metrics to push", "err", err)
		}
	}
	err = push.InitPushExtWithOptions(ctx, p.URL, p.Interval, write, &push.PushOptions{
		ExtraLabels: p.Labels, Headers: p.Headers, Method: "POST", WaitGroup: &wg,
	})
	if err != nil {
		return nil, fmt.Errorf("push of metrics: %w", err)
	}
	return wg.Wait, nil
}
