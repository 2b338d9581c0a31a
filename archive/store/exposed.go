package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Coverage adds up host-time at risk in buckets.
type Coverage struct {
	buckets Buckets
	from    time.Time
	to      time.Time
	Days    []float64 // host-days in each bucket
}

// LeastExposure is the number of host-days, about 0.1 ms, below which a bucket
// counts as not watched; it swallows the rounding of sums and differences.
const LeastExposure = 1e-9

// NewCoverage returns no coverage in the buckets of a range.
func NewCoverage(b Buckets, r query.Range) *Coverage {
	return &Coverage{buckets: b, from: r.From, to: r.To, Days: make([]float64, len(b.Starts))}
}

// Add spreads the covered host-days of a slot evenly over the slot, and adds
// what lies in each bucket and within the range.
func (c *Coverage) Add(start time.Time, length time.Duration, days float64) {
	end := start.Add(length)
	if start.Before(c.from) {
		start = c.from
	}
	if end.After(c.to) {
		end = c.to
	}
	if !start.Before(end) || length <= 0 {
		return
	}
	perSecond := days / length.Seconds()
	for i := c.buckets.Index(start); i >= 0 && i < len(c.Days) && start.Before(end); i++ {
		stop := c.buckets.End
		if i+1 < len(c.buckets.Starts) {
			stop = c.buckets.Starts[i+1]
		}
		if stop.After(end) {
			stop = end
		}
		c.Days[i] += perSecond * stop.Sub(start).Seconds()
		start = stop
	}
}

// HostDimensions are the dimensions that exposure is counted by as well.
func HostDimensions() []string {
	return []string{
		"host.name", "host.id", "host.physical_id", "host.type", "host.cpu.model.name", "host.cpu.microcode",
		"os.kernel.release", "cloud.provider", "cloud.region", "cloud.availability_zone", "k8s.node.name",
	}
}

// BuildDimensions are the dimensions by which the running time of builds is
// counted; a question that names one of them is about builds, not about hosts.
func BuildDimensions() []string {
	return []string{"service.name", "service.version", "process.executable.build_id.gnu"}
}

// CheckExposure reports the first filter or group of a request that exposure
// can't be counted by.
func CheckExposure(req query.Request) error {
	can := append(HostDimensions(), BuildDimensions()...)
	refuse := func(field, name string) error {
		return &query.FieldError{Field: field, Message: fmt.Sprintf("exposure is not known by %s; possible are %s", name, strings.Join(can, ", "))}
	}
	for i, d := range req.GroupBy {
		if !slices.Contains(can, d) {
			return refuse(fmt.Sprintf("groupBy[%d]", i), d)
		}
	}
	for i, f := range req.Filters {
		if !slices.Contains(can, f.Dimension) {
			return refuse(fmt.Sprintf("filters[%d].dimension", i), f.Dimension)
		}
	}
	return nil
}

// AboutBuilds reports whether a request names a service or build in a filter or
// group, so that its exposure is the running time of builds.
func AboutBuilds(req query.Request) bool {
	builds := BuildDimensions()
	return slices.ContainsFunc(req.GroupBy, func(d string) bool { return slices.Contains(builds, d) }) ||
		slices.ContainsFunc(req.Filters, func(f query.Filter) bool { return slices.Contains(builds, f.Dimension) })
}

// Rate divides counts by host-days, with the exact interval; a bucket without
// exposure is not known.
func Rate(s *query.Series, days []float64) {
	s.Low, s.High = make([]*float64, len(s.Values)), make([]*float64, len(s.Values))
	for i, v := range s.Values {
		if v == nil || days[i] < LeastExposure {
			s.Values[i] = nil
			continue
		}
		low, high := query.RateInterval(*v, days[i])
		rate := *v / days[i]
		s.Values[i], s.Low[i], s.High[i] = &rate, &low, &high
	}
}

// SlotHost is the identity of the host of a slot of exposure: its machine id,
// else its name.
func SlotHost(h crash.Host) string {
	if h.ID != "" {
		return "id:" + h.ID
	}
	return h.Name
}

// SlotRecord returns a record with the dimensions of a slot and of one of its
// builds, so that the fields' accessors serve for exposure too.
func SlotRecord(e *crash.Exposure, b crash.ExposedBuild) crash.Record {
	return crash.Record{
		Host: e.Host, Cloud: e.Cloud, Container: crash.Container{Node: e.Node},
		Process: crash.Process{ServiceName: b.ServiceName, ServiceVersion: b.ServiceVersion, BuildID: b.BuildID},
	}
}
