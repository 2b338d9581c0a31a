package query

import (
	"encoding/json"
	"fmt"
	"time"
)

// Type says which question is asked.
type Type string

// The questions.
const (
	TypeTimeseries  Type = "timeseries"
	TypeClusters    Type = "clusters"
	TypeContrast    Type = "contrast"
	TypeVerdict     Type = "verdict"
	TypeSplit       Type = "split"
	TypeRecords     Type = "records"
	TypeLedger      Type = "ledger"
	TypeAnnotations Type = "annotations"
	TypeExposure    Type = "exposure"
)

// Types returns the closed set, in the order in which they are shown.
func Types() []Type {
	return []Type{TypeTimeseries, TypeClusters, TypeContrast, TypeVerdict, TypeSplit, TypeRecords, TypeLedger, TypeAnnotations, TypeExposure}
}

// Measure is what a time series counts.
type Measure string

// The measures.
const (
	MeasureCrashes Measure = "crashes" // records
	MeasureHosts   Measure = "hosts"   // distinct hosts affected
	MeasureRate    Measure = "rate"    // crashes per host-day of exposure
	MeasureShare   Measure = "share"   // share of all crashes in the bucket, 0 to 1
)

// Measures returns the closed set.
func Measures() []Measure {
	return []Measure{MeasureCrashes, MeasureHosts, MeasureRate, MeasureShare}
}

// Suppressed says what to do with records that a false-positive filter matched.
type Suppressed string

// How suppressed records are treated; the default leaves them out.
const (
	SuppressedExclude Suppressed = "exclude"
	SuppressedInclude Suppressed = "include"
	SuppressedOnly    Suppressed = "only"
)

// Op compares a dimension with values.
type Op string

// The operators. "=~" and "!~" take one RE2 expression, anchored at both ends
// as in PromQL.
const (
	OpIn       Op = "="
	OpNotIn    Op = "!="
	OpMatch    Op = "=~"
	OpNotMatch Op = "!~"
)

// Filter restricts a question to the crashes whose dimension compares.
type Filter struct {
	Dimension string   `json:"dimension"`
	Op        Op       `json:"op"`
	Values    []string `json:"values"`
}

// Range is the half-open interval [From, To) of crash times.
type Range struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Bounds of a request.
const (
	MaxGroupBy     = 4
	MaxFilters     = 32
	MaxValues      = 1000
	MaxLimit       = 10_000
	MaxBuckets     = 11_000
	MaxCells       = 2_000_000 // series times buckets of one answer
	DefaultLimit   = 100
	DefaultTopK    = 20
	OtherSeries    = "other"
	MinInterval    = time.Second
	DefaultBuckets = 200
	MaxRange       = 100 * 365 * 24 * time.Hour
)

// Request is one question.
type Request struct {
	Type  Type  `json:"type"`
	Range Range `json:"range"`
	// Interval is the width of a bucket of a time series; 0 chooses one.
	Interval Duration `json:"interval,omitzero"`
	// TimeZone is the IANA zone in which buckets of a day or more begin at
	// midnight; "" is UTC.
	TimeZone string  `json:"timeZone,omitempty"`
	Measure  Measure `json:"measure,omitempty"`
	// GroupBy names up to MaxGroupBy dimensions.
	GroupBy []string `json:"groupBy,omitempty"`
	Filters []Filter `json:"filters,omitempty"`
	// Cluster is a cluster's key ("class/signature"), or a class alone.
	Cluster    string     `json:"cluster,omitempty"`
	Suppressed Suppressed `json:"suppressed,omitempty"`
	// TopK bounds the series of a time series; the rest are summed as "other".
	TopK  int `json:"topK,omitempty"`
	Limit int `json:"limit,omitempty"`
}

// Duration is a time.Duration that is a number of milliseconds in JSON, as
// Grafana sends intervals.
type Duration time.Duration

// MarshalJSON writes milliseconds.
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).Milliseconds())
}

// UnmarshalJSON reads milliseconds, or a text such as "1h30m".
func (d *Duration) UnmarshalJSON(b []byte) error {
	var ms float64
	if err := json.Unmarshal(b, &ms); err == nil {
		if ms < 0 || ms > float64(100*365*24*time.Hour/time.Millisecond) {
			return fmt.Errorf("duration of %v ms is out of bounds", ms)
		}
		*d = Duration(time.Duration(ms * float64(time.Millisecond)))
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("duration %.40q: want milliseconds or a text such as \"1h\"", b)
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("duration %.40q: want milliseconds or a text such as \"1h\"", s)
	}
	*d = Duration(v)
	return nil
}
