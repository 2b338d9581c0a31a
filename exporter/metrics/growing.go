package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Growing is the number of cores with a provisional label that are being
// written.
type Growing struct {
	Class crash.Class
	Kind  crash.Kind
	Cores int
}

type growingCollector struct {
	ask  func() []Growing
	desc *prometheus.Desc
}

// NewGrowing returns a collector of the cores that are being written. Their
// labels come from the closed set of kinds; there are no zeros, because the
// gauge is for people who look now, not for rates.
func NewGrowing(ask func() []Growing) prometheus.Collector {
	return &growingCollector{ask, prometheus.NewDesc("epicurve_exporter_growing_cores",
		"Cores that are being written, by the provisional label of what is there so far.", []string{"class", "kind"}, nil)}
}

func (c *growingCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

func (c *growingCollector) Collect(ch chan<- prometheus.Metric) {
	for _, g := range c.ask() {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(g.Cores), string(g.Class), string(g.Kind))
	}
}
