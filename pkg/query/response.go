package query

import (
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
)

// Meta comes with every answer.
type Meta struct {
	// Partial is true when a part of a distributed archive did not answer.
	Partial bool `json:"partial,omitempty"`
	// Notices are for the reader: limits reached, data missing.
	Notices []string `json:"notices,omitempty"`
}

// Series is one line of a time series.
type Series struct {
	// Labels are the values of the group-by dimensions, in their order.
	// The series that sums what TopK left out has Other set and no labels.
	Labels map[string]string `json:"labels"`
	Other  bool              `json:"other,omitempty"`
	// Values run parallel to the answer's Times; nil is "not known" (no
	// exposure), zero is "none".
	Values []*float64 `json:"values"`
	// Low and High bound the exact 95 % interval of a rate (Garwood 1936),
	// parallel to Values; other measures have none.
	Low  []*float64 `json:"low,omitempty"`
	High []*float64 `json:"high,omitempty"`
	// Total is the sum over the range of a count or of exposure (0 for
	// other measures).
	Total float64 `json:"total"`
}

// Timeseries answers TypeTimeseries and, in host-days, TypeExposure. Series are in descending order of Total,
// then by labels; "other" is last.
type Timeseries struct {
	Meta
	Interval Duration    `json:"interval"`
	Times    []time.Time `json:"times"` // beginnings of the buckets, ascending
	Series   []Series    `json:"series"`
	// Quality comes with TypeExposure, when the archive evaluates: what the
	// data of the whole archive can't show.
	Quality *epi.Quality `json:"quality,omitempty"`
}

// Cluster is one row of TypeClusters.
type Cluster struct {
	Key       string      `json:"key"`
	Class     crash.Class `json:"class"`
	Kind      crash.Kind  `json:"kind"`
	Signature string      `json:"signature"`
	Crashes   int64       `json:"crashes"`
	Hosts     int64       `json:"hosts"`
	FirstSeen time.Time   `json:"firstSeen"`
	LastSeen  time.Time   `json:"lastSeen"`
	// Executables and Signals are the most frequent values, at most 3 each.
	Executables []string `json:"executables,omitempty"`
	Signals     []string `json:"signals,omitempty"`
	// State, Sentence and NeedUntil are the evaluation's, when the archive
	// evaluates: the state, one sentence for a ticket, and the date at which
	// the verdict GONE can be reached if the silence lasts. Onset bounds the
	// beginning; it is absent when the cluster may be older than the archive.
	State     string      `json:"state,omitempty"`
	Verdict   string      `json:"verdict,omitempty"`
	Grade     string      `json:"grade,omitempty"`
	Sentence  string      `json:"sentence,omitempty"`
	NeedUntil time.Time   `json:"needUntil,omitzero"`
	Onset     *OnsetRange `json:"onset,omitempty"`
	// New, Surge and OnHost are the evaluation's, for alert rules: whether the
	// cluster is new and frequent enough to be told, its CUSUM's score in units
	// of the limit (1 and more is an alarm), and the one host that all or most
	// of its episodes share, when the statistics pin it to a host.
	New    bool    `json:"new,omitempty"`
	Surge  float64 `json:"surge,omitempty"`
	OnHost string  `json:"onHost,omitempty"`
	// Label is the reviewer's name for the cluster, from the ledger.
	Label string `json:"label,omitempty"`
	// Trend holds the counts of TrendBuckets equal parts of the range.
	Trend []int64 `json:"trend,omitempty"`
}

// OnsetRange is the interval, at 95 %, in which a cluster began.
type OnsetRange struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// TrendBuckets is the number of parts that Cluster.Trend cuts the range into.
const TrendBuckets = 24

// Clusters answers TypeClusters, in descending order of crashes, then by key.
// FirstSeen and LastSeen are those of the whole archive, whatever the range and
// the filters; every other column counts what the request selects.
type Clusters struct {
	Meta
	Clusters []Cluster `json:"clusters"`
	// Total counts the clusters before Limit.
	Total int64 `json:"total"`
	// Quality is that of the whole archive's data, when the archive evaluates.
	Quality *epi.Quality `json:"quality,omitempty"`
}

// Records answers TypeRecords, newest first.
type Records struct {
	Meta
	Records []crash.Record `json:"records"`
}

// DimensionInfo describes one dimension for /api/v1/dimensions.
type DimensionInfo struct {
	Name string `json:"name"`
	Help string `json:"help"`
}

// DimensionValue is one value of a dimension with its number of crashes.
type DimensionValue struct {
	Value   string `json:"value"`
	Crashes int64  `json:"crashes"`
}

// DimensionValues answers /api/v1/dimensions/{name}, most frequent first.
type DimensionValues struct {
	Meta
	Values []DimensionValue `json:"values"`
}
