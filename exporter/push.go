package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/metrics"
)

// push starts pushing metrics when that is configured; wait waits for its end.
func (n *node) push(ctx context.Context, cfg config.Push) (wait func(), err error) {
	if cfg.URL == "" {
		return func() {}, nil
	}
	p := metrics.Push{URL: cfg.URL, Interval: time.Duration(cfg.Interval), Labels: labelText(cfg.Labels)}
	if p.Headers, err = headerLines(cfg.HeadersFile); err != nil {
		return func() {}, err
	}
	wait, err = n.registry.StartPush(ctx, p, n.logger)
	if err != nil {
		return func() {}, err
	}
	n.logger.Info("Pushing metrics", "interval", p.Interval)
	return wait, nil
}

// labelText writes labels as the push library takes them.
func labelText(labels map[string]string) string {
	var pairs []string
	for name, value := range labels {
		pairs = append(pairs, fmt.Sprintf("%s=%q", name, value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// headerLines reads "Name: value" lines from a file.
func headerLines(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("push.headers_file: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
