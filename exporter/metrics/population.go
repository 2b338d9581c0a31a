package metrics

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Count is one series with its history; it is what a checkpoint keeps.
type Count struct {
	Labels
	Value   uint64    `json:"value"`
	Created time.Time `json:"created"`
	// Exemplar is the last crash of the series.
	Exemplar     *crash.ID `json:"exemplar,omitempty"`
	ExemplarTime time.Time `json:"exemplarTime,omitzero"`
}

// Population counts crashes. It is a [prometheus.Collector], and its methods
// may be called at the same time.
type Population struct {
	mu     sync.RWMutex
	series map[Labels]*Count
	last   time.Time // of the newest crash
	source map[crash.Source]uint64
	late   uint64 // cores of crashes that were counted from a log before
	start  time.Time

	crashes, suppressed, bySource, lateCores, coreRatio, lastCrash *prometheus.Desc
}

// sources lists what a crash on a node can be known from.
func sources() []crash.Source {
	return []crash.Source{crash.SourceCore, crash.SourceKernelLog, crash.SourceJournal, crash.SourceLogFile}
}

// NewPopulation returns a population of zeros that began at start, continued by
// the counts of an earlier run.
func NewPopulation(start time.Time, earlier []Count) *Population {
	labels := []string{"class", "kind", "signal"}
	p := &Population{
		series: make(map[Labels]*Count), source: make(map[crash.Source]uint64), start: start,
		bySource: prometheus.NewDesc("coredump_crashes_by_source_total",
			"Crashes of processes on this host, suppressed ones included, by what they are known from: crashes without a core are those not known from core.",
			[]string{"source"}, nil),
		lateCores: prometheus.NewDesc("coredump_late_cores_total",
			"Crashes that were counted from a log and whose core came after that.", nil, nil),
		coreRatio: prometheus.NewDesc("coredump_crashes_with_core_ratio",
			"Share of the crashes since the counters began of which a core came; NaN before the first crash.", nil, nil),
		crashes: prometheus.NewDesc("coredump_crashes_total",
			"Crashes of processes on this host, by class, kind and signal, each counted once.", labels, nil),
		suppressed: prometheus.NewDesc("coredump_crashes_suppressed_total",
			"Crashes that a false-positive filter matched; they are not part of coredump_crashes_total.", labels, nil),
		lastCrash: prometheus.NewDesc("coredump_last_crash_timestamp_seconds",
			"Time of the newest crash that was counted, 0 when there was none.", nil, nil),
	}
	for _, l := range closedLabels() {
		p.series[l] = &Count{Labels: l, Created: start}
	}
	for _, c := range earlier {
		if s, ok := p.series[c.Labels]; ok {
			*s = c
			if c.ExemplarTime.After(p.last) {
				p.last = c.ExemplarTime
			}
		}
	}
	return p
}

// Count counts one crash.
func (p *Population) Count(r *crash.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.series[LabelsOf(r)] // the set is closed: always there
	s.Value++
	p.source[r.Source]++
	id := r.ID
	s.Exemplar, s.ExemplarTime = &id, r.Time
	if r.Time.After(p.last) {
		p.last = r.Time
	}
}

// Counts returns every series, zeros with their time of creation included, for
// a checkpoint.
func (p *Population) Counts() []Count {
	p.mu.RLock()
	defer p.mu.RUnlock()
	all := make([]Count, 0, len(p.series))
	for _, l := range closedLabels() {
		all = append(all, *p.series[l])
	}
	return all
}

// Sources returns the number of crashes by source, for a checkpoint.
func (p *Population) Sources() map[crash.Source]uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return maps.Clone(p.source)
}

// ContinueSources continues the counts by source of an earlier run.
func (p *Population) ContinueSources(earlier map[crash.Source]uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s, n := range earlier {
		if slices.Contains(sources(), s) {
			p.source[s] = n
		}
	}
}

// CoreCame notes that the core came of a crash that was counted from a log.
func (p *Population) CoreCame() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late++
}

// LateCores returns how often the core came of a crash that was counted from a
// log, for a checkpoint.
func (p *Population) LateCores() uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.late
}

// ContinueLateCores continues the count of an earlier run.
func (p *Population) ContinueLateCores(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = n
}

// withCore returns the share of crashes of which a core came. Callers hold the
// lock.
func (p *Population) withCore() float64 {
	var all uint64
	for _, n := range p.source {
		all += n
	}
	return float64(min(all, p.source[crash.SourceCore]+p.late)) / float64(all)
}

// Describe implements [prometheus.Collector].
func (p *Population) Describe(ch chan<- *prometheus.Desc) {
	ch <- p.crashes
	ch <- p.suppressed
	ch <- p.bySource
	ch <- p.lateCores
	ch <- p.coreRatio
	ch <- p.lastCrash
}

// Collect implements [prometheus.Collector].
func (p *Population) Collect(ch chan<- prometheus.Metric) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, s := range p.series {
		ch <- p.metric(s)
	}
	for _, s := range sources() {
		ch <- prometheus.MustNewConstMetricWithCreatedTimestamp(p.bySource, prometheus.CounterValue, float64(p.source[s]), p.start, string(s))
	}
	ch <- prometheus.MustNewConstMetricWithCreatedTimestamp(p.lateCores, prometheus.CounterValue, float64(p.late), p.start)
	ch <- prometheus.MustNewConstMetric(p.coreRatio, prometheus.GaugeValue, p.withCore())
	var last float64
	if !p.last.IsZero() {
		last = float64(p.last.UnixMicro()) / 1e6
	}
	ch <- prometheus.MustNewConstMetric(p.lastCrash, prometheus.GaugeValue, last)
}

func (p *Population) metric(s *Count) prometheus.Metric {
	desc := p.crashes
	if s.Suppressed {
		desc = p.suppressed
	}
	m := prometheus.MustNewConstMetricWithCreatedTimestamp(desc, prometheus.CounterValue,
		float64(s.Value), s.Created, string(s.Class), string(s.Kind), s.Signal)
	if s.Exemplar == nil {
		return m
	}
	withID, err := prometheus.NewMetricWithExemplars(m, prometheus.Exemplar{
		Value: 1, Labels: prometheus.Labels{"crash_id": s.Exemplar.String()}, Timestamp: s.ExemplarTime,
	})
	if err != nil {
		return m
	}
	return withID
}
