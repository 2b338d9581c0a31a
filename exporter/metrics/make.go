package metrics

import "github.com/prometheus/client_golang/prometheus"

func (e *Exporter) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	e.all = append(e.all, c)
	return c
}

// counters makes a counter with one label and every value of its closed set.
func (e *Exporter) counters(name, help, label string, values ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
	for _, v := range values {
		c.WithLabelValues(v)
	}
	e.all = append(e.all, c)
	return c
}

// pairs makes a counter with two labels and every pair of values of their
// closed sets.
func (e *Exporter) pairs(name, help string, labels [2]string, first, second []string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels[:])
	for _, a := range first {
		for _, b := range second {
			c.WithLabelValues(a, b)
		}
	}
	e.all = append(e.all, c)
	return c
}

func (e *Exporter) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	e.all = append(e.all, g)
	return g
}

func (e *Exporter) gauges(name, help, label string, values ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
	for _, v := range values {
		g.WithLabelValues(v)
	}
	e.all = append(e.all, g)
	return g
}

func (e *Exporter) histogram(name, help string, buckets ...float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
	e.all = append(e.all, h)
	return h
}
