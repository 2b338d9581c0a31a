package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/common/version"

	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/exporter/pipeline"
	"github.com/epicurve/epicurve/exporter/retain"
	"github.com/epicurve/epicurve/exporter/watch"
)

// supervisor keeps the web server up and runs one node after another: a reload
// ends the present one in order and starts the next with the new configuration.
// What must survive that is in the state directory anyway.
type supervisor struct {
	flags  *watchFlags
	logger *slog.Logger
	self   *metrics.Exporter
	// deletions are the metrics of retention, over all nodes.
	deletions *metrics.Retention
	memory    *memory
	handler   *handler
	reloads   chan chan error // requests, each answered once
	// kernelRead is how far the kernel log was read, over all nodes.
	kernelRead atomic.Int64
}

func watchAndServe(ctx context.Context, cfg config.Config, f *watchFlags, logger *slog.Logger) error {
	logger.Info("Starting epicurve-exporter", "version", version.Info(), "build", version.BuildContext())
	s := &supervisor{
		flags: f, logger: logger, self: metrics.NewExporter(pipeline.ReadReasons(), watch.Refusals(), logsource.Troubles()),
		deletions: metrics.NewRetention(retain.Reasons(), retain.Kept()),
		memory:    newMemory(), handler: &handler{}, reloads: make(chan chan error),
	}
	n, err := newNode(cfg, s)
	if err != nil {
		return err
	}
	s.self.Reloaded(true, time.Now())
	s.handler.set(s.mux(n))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		cancel(serve(server, f.web, logger)) // a server that ends ends everything
	}()

	err = s.supervise(ctx, n, cfg)

	shutdown, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	err = errors.Join(err, server.Shutdown(shutdown))
	<-served
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return errors.Join(cause, err)
	}
	logger.Info("Stopped; every crash that was counted is in the state directory")
	return err
}

// supervise runs nodes until ctx is done or a new one cannot start.
func (s *supervisor) supervise(ctx context.Context, n *node, cfg config.Config) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		nodeCtx, stop := context.WithCancel(ctx)
		waitPush, err := n.push(nodeCtx, cfg.Push)
		if err != nil {
			s.logger.Error("Metrics are not pushed", "err", err)
		}
		ended := make(chan struct{})
		go func() { defer close(ended); n.run(nodeCtx) }()

		next := s.awaitReload(ctx, hangup)
		stop()
		<-ended
		waitPush()
		if next == nil {
			return nil
		}
		if n, cfg, err = s.next(*next, cfg); err != nil {
			return err
		}
		s.handler.set(s.mux(n))
	}
}

// next starts a node of a new configuration. One that is valid and cannot run
// all the same, such as for a state directory that is in use, is reported, and
// the old one goes on.
func (s *supervisor) next(cfg, old config.Config) (*node, config.Config, error) {
	n, err := newNode(cfg, s)
	if err == nil {
		s.logger.Info("Reloaded the configuration")
		return n, cfg, nil
	}
	s.self.Reloaded(false, time.Now())
	s.logger.Error("The new configuration cannot run, the old one stays in force", "err", err)
	n, err = newNode(old, s)
	return n, old, err
}

// awaitReload returns the next valid configuration, nil when ctx is done.
// Invalid ones are reported and change nothing.
func (s *supervisor) awaitReload(ctx context.Context, hangup <-chan os.Signal) *config.Config {
	for {
		var answer chan<- error
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
		case answer = <-s.reloads:
		}
		cfg, err := s.flags.config()
		if err == nil {
			err = cfg.CheckFiles()
		}
		s.self.Reloaded(err == nil, time.Now())
		if answer != nil {
			answer <- err
		}
		if err == nil {
			return &cfg
		}
		s.logger.Error("The configuration is invalid, the old one stays in force", "err", err)
	}
}
