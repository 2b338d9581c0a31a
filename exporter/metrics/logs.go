package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/epicurve/epicurve/pkg/crash"
)

// logMetrics are about the second sources of crashes.
type logMetrics struct {
	crashes   *prometheus.CounterVec
	troubles  *prometheus.CounterVec
	held      prometheus.Gauge
	unprinted prometheus.Counter
}

// logSources lists the sources of crashes that are no cores.
func logSources() []string {
	return []string{string(crash.SourceKernelLog), string(crash.SourceJournal), string(crash.SourceLogFile)}
}

func (e *Exporter) addLogs(troubles []string) {
	e.logs.crashes = e.pairs("log_crashes_total", "Crashes that a log told of, by whether they were counted from it, or joined to what was counted from their core or another log.",
		[2]string{"source", "result"}, logSources(), []string{"counted", "joined"})
	e.logs.troubles = e.pairs("log_troubles_total", "Things that cost crashes in logs, or may have, by source and kind.",
		[2]string{"source", "kind"}, logSources(), troubles)
	e.logs.held = e.gauge("log_held_crashes", "Crashes that logs told of and that wait for their cores.")
	e.logs.unprinted = e.counter("kernel_log_unprinted_total", "Messages about crashes that the kernel says it left out because too many came at once.")
}

// LogCrash counts a crash that a log told of; result is counted or joined.
func (e *Exporter) LogCrash(source crash.Source, result string) {
	e.logs.crashes.WithLabelValues(string(source), result).Inc()
}

// LogTrouble counts something that cost a crash in a log, or may have.
func (e *Exporter) LogTrouble(source crash.Source, what string) {
	e.logs.troubles.WithLabelValues(string(source), what).Inc()
}

// LogHeld reports the crashes that wait for their cores.
func (e *Exporter) LogHeld(n int) { e.logs.held.Set(float64(n)) }

// Unprinted counts messages that the kernel left out.
func (e *Exporter) Unprinted(n int64) { e.logs.unprinted.Add(float64(n)) }
