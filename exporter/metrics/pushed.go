package metrics

import (
	"bytes"
	"strconv"
	"strings"

	push "github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
)

// pushed shows how the push goes: the library counts that in a set of its own.
type pushed struct{ total, failed *prometheus.Desc }

// NewPushed returns a collector of the pushes of metrics, 0 without any.
func NewPushed() prometheus.Collector {
	return pushed{
		prometheus.NewDesc("epicurve_exporter_pushes_total", "Attempts to push metrics.", nil, nil),
		prometheus.NewDesc("epicurve_exporter_push_errors_total", "Attempts to push metrics that failed.", nil, nil),
	}
}

func (p pushed) Describe(ch chan<- *prometheus.Desc) {
	ch <- p.total
	ch <- p.failed
}

func (p pushed) Collect(ch chan<- prometheus.Metric) {
	var text bytes.Buffer
	push.WritePushMetrics(&text)
	ch <- prometheus.MustNewConstMetric(p.total, prometheus.CounterValue, sum(text.String(), "metrics_push_total{"))
	ch <- prometheus.MustNewConstMetric(p.failed, prometheus.CounterValue, sum(text.String(), "metrics_push_errors_total{"))
}

// sum adds up the series of a name in the text format.
func sum(text, prefix string) (total float64) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]), 64)
		if err == nil {
			total += v
		}
	}
	return total
}
