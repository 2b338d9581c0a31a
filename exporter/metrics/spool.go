package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Backlog describes the spool at one moment.
type Backlog struct {
	Pending uint64 // entries not shipped
	Bytes   int64
	Dropped uint64    // entries given up because the spool was full
	Oldest  time.Time // of the entries not shipped, zero for none
}

// spoolCollector asks the spool at every scrape.
type spoolCollector struct {
	now                             func() time.Time
	ask                             func() Backlog
	pending, bytes, dropped, oldest *prometheus.Desc
}

// NewSpool returns a collector of the spool's figures.
func NewSpool(ask func() Backlog) prometheus.Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, nil, nil)
	}
	return &spoolCollector{
		now: time.Now, ask: ask,
		pending: desc("spool_pending_records", "Records in the spool that the archive does not have yet."),
		bytes:   desc("spool_bytes", "Size of the spool on disk."),
		dropped: desc("spool_dropped_records_total", "Records given up because the spool outgrew its limit or was damaged; it survives restarts."),
		oldest:  desc("spool_oldest_age_seconds", "Age of the oldest record that the archive does not have yet, 0 when it has all."),
	}
}

func (c *spoolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.pending, c.bytes, c.dropped, c.oldest} {
		ch <- d
	}
}

func (c *spoolCollector) Collect(ch chan<- prometheus.Metric) {
	b := c.ask()
	var age float64
	if !b.Oldest.IsZero() {
		age = max(0, c.now().Sub(b.Oldest).Seconds())
	}
	ch <- prometheus.MustNewConstMetric(c.pending, prometheus.GaugeValue, float64(b.Pending))
	ch <- prometheus.MustNewConstMetric(c.bytes, prometheus.GaugeValue, float64(b.Bytes))
	ch <- prometheus.MustNewConstMetric(c.dropped, prometheus.CounterValue, float64(b.Dropped))
	ch <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, age)
}
