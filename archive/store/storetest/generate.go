package storetest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Moments at which calendars and clocks are odd: populations crowd around them.
var moments = []time.Time{
	time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),             // leap day
	time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC),             // Berlin springs forward
	time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC),            // Berlin falls back
	time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC),              // New York springs forward
	time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC),             // Sao Paulo has no midnight
	time.Date(2010, 11, 7, 2, 31, 0, 0, time.UTC),            // St. John's has midnight twice
	time.Date(2026, 12, 31, 23, 59, 59, 999999000, time.UTC), // the year's last microsecond
	time.Date(2016, 12, 31, 23, 59, 59, 0, time.UTC),         // before a leap second
	time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),              // the earliest record
	time.Date(2199, 12, 31, 23, 59, 59, 999999000, time.UTC), // the latest record
	time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),            // 32-bit seconds are over
}

var texts = []string{
	"", "a", "b", "db-7", "eu-west-1", "Ωμέγα", "日本語", "🔥💥", "a'b", `a"b`, `a\b`, "a%b_c", "a;DROP TABLE facts;--",
	"line\nbreak", "tab\tand\rreturn", "\u202eright to left", "é", "é", " lead", "trail ", "NULL", "true", "0", "-1", "other", "a/b/c",
}

var bigInts = []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 53, 11, 4096}

var bigAddresses = []uint64{0, 1, 0x7fff_ffff_e000, 1 << 63, math.MaxUint64, 0x4141414141414141}

// population draws records that crowd on a few ids, hosts and moments, so that
// duplicates, ties and groups happen.
type population struct {
	centre time.Time
	hosts  []crash.Host
	ids    int
}

func drawPopulation(t *rapid.T) *population {
	p := &population{centre: rapid.SampledFrom(moments).Draw(t, "moment"), ids: rapid.IntRange(1, 200).Draw(t, "ids")}
	for i := range rapid.IntRange(1, 6).Draw(t, "hosts") {
		h := crash.Host{
			Name: rapid.SampledFrom(texts).Draw(t, "host"), Type: rapid.SampledFrom(texts[:4]).Draw(t, "type"),
			KernelRelease: rapid.SampledFrom(texts[:3]).Draw(t, "kernel"),
		}
		if rapid.Bool().Draw(t, "has id") {
			h.ID = fmt.Sprintf("machine-%d", i)
		}
		p.hosts = append(p.hosts, h)
	}
	return p
}

// time draws a time near the population's moment, from microseconds to months.
func (p *population) time(t *rapid.T) time.Time {
	spread := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Second, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour}).Draw(t, "spread")
	n := rapid.Int64Range(-3, 3).Draw(t, "steps")
	at := p.centre.Add(time.Duration(n) * spread).Truncate(time.Microsecond)
	first, last := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Microsecond)
	if at.Before(first) {
		return first
	}
	if at.After(last) {
		return last
	}
	return at
}

func (p *population) record(t *rapid.T) crash.Record {
	r := crash.Record{Time: p.time(t), SchemaVersion: 1, ClassifierVersion: rapid.Int64Range(0, 3).Draw(t, "classifier")}
	n := rapid.IntRange(1, p.ids).Draw(t, "id")
	r.ID = crash.ID{byte(n), byte(n >> 8), 15: byte(n * 7)}
	if rapid.Bool().Draw(t, "high id") {
		r.ID[0] |= 0x80 // UUIDs sort as unsigned
	}
	for _, f := range crash.Fields() {
		p.field(t, f, &r)
	}
	r.Host = rapid.SampledFrom(p.hosts).Draw(t, "on")
	r.Finding.Kind = rapid.SampledFrom(crash.Kinds()).Draw(t, "kind")
	r.Finding.Class = r.Finding.Kind.Class()
	r.Finding.Signature = rapid.SampledFrom(texts[:6]).Draw(t, "signature")
	if rapid.IntRange(0, 3).Draw(t, "suppress") > 0 {
		r.Finding.SuppressedBy = ""
	}
	for range rapid.IntRange(0, 2).Draw(t, "attributes") {
		if r.Attributes == nil {
			r.Attributes = make(map[string]string)
		}
		r.Attributes["x"+rapid.SampledFrom(texts).Draw(t, "name")] = rapid.SampledFrom(texts).Draw(t, "value")
	}
	return r
}

// field sets one field in a third of the records.
func (p *population) field(t *rapid.T, f crash.Field, r *crash.Record) {
	if rapid.IntRange(0, 2).Draw(t, f.Name) > 0 {
		return
	}
	switch {
	case f.String != nil:
		s := rapid.SampledFrom(texts).Draw(t, "text")
		*f.String(r) = s[:min(len(s), f.Bound)]
		if f.Bound < 32 {
			*f.String(r) = "v"
		}
	case f.Strings != nil:
		*f.Strings(r) = rapid.SliceOfN(rapid.SampledFrom(texts), 1, 3).Draw(t, "list")
	case f.Bool != nil:
		*f.Bool(r) = true
	case f.Int != nil:
		*f.Int(r) = crash.Some(rapid.SampledFrom(bigInts).Draw(t, "number"))
	case f.Address != nil:
		*f.Address(r) = crash.Some(rapid.SampledFrom(bigAddresses).Draw(t, "address"))
	}
}

// exposure draws a slot on one of the population's hosts.
func (p *population) exposure(t *rapid.T) crash.Exposure {
	e := crash.Exposure{
		Host: rapid.SampledFrom(p.hosts).Draw(t, "host"), Start: p.time(t),
		Length: rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "length"),
	}
	if e.Host.ID == "" && e.Host.Name == "" {
		e.Host.Name = "named"
	}
	e.Covered = e.Length / time.Duration(rapid.IntRange(1, 4).Draw(t, "part"))
	e.Limited = e.Covered * time.Duration(rapid.IntRange(0, 2).Draw(t, "limited")) / 2
	for range rapid.IntRange(0, 2).Draw(t, "builds") {
		e.Builds = append(e.Builds, crash.ExposedBuild{
			ServiceName: rapid.SampledFrom(texts[:4]).Draw(t, "service"), BuildID: rapid.SampledFrom(texts[:4]).Draw(t, "build"), Running: e.Covered,
		})
	}
	return e
}

var zones = []string{"", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"}

// request draws a question about the population.
func (p *population) request(t *rapid.T) query.Request {
	req := query.Request{
		Suppressed: rapid.SampledFrom([]query.Suppressed{query.SuppressedExclude, query.SuppressedInclude, query.SuppressedOnly}).Draw(t, "suppressed"),
		TimeZone:   rapid.SampledFrom(zones).Draw(t, "zone"),
		Measure:    rapid.SampledFrom(query.Measures()).Draw(t, "measure"),
		TopK:       rapid.IntRange(1, 5).Draw(t, "topk"),
		Limit:      rapid.IntRange(1, 30).Draw(t, "limit"),
	}
	span := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Minute, 3 * time.Hour, 2 * 24 * time.Hour, 40 * 24 * time.Hour, 400 * 24 * time.Hour}).Draw(t, "span")
	req.Range.From = p.time(t).Add(-time.Duration(rapid.Float64Range(0, 1).Draw(t, "back") * float64(span)))
	req.Range.To = req.Range.From.Add(span)
	parts := time.Duration(rapid.IntRange(1, 60).Draw(t, "parts"))
	req.Interval = query.Duration(max(time.Second, (span / parts).Round(time.Second)))
	dims := crash.Dimensions()
	for range rapid.IntRange(0, query.MaxGroupBy).Draw(t, "group by") {
		name := rapid.SampledFrom([]string{
			"crash.class", "crash.kind", "crash.signature", "host.name", "host.type", "service.name",
			"k8s.pod.name", "host.id", dims[rapid.IntRange(0, len(dims)-1).Draw(t, "any")].Name,
		}).Draw(t, "dimension")
		if !slices.Contains(req.GroupBy, name) {
			req.GroupBy = append(req.GroupBy, name)
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "filters") {
		req.Filters = append(req.Filters, drawFilter(t))
	}
	if rapid.IntRange(0, 3).Draw(t, "cluster") == 0 {
		req.Cluster = crash.ClusterKey(rapid.SampledFrom(crash.Classes()).Draw(t, "class"), rapid.SampledFrom(texts[:6]).Draw(t, "of"))
	}
	return req
}

func drawFilter(t *rapid.T) query.Filter {
	f := query.Filter{
		Dimension: rapid.SampledFrom([]string{"crash.class", "crash.kind", "host.name", "host.type", "service.name", "k8s.pod.name", "cloud.region", "container.id"}).Draw(t, "of"),
		Op:        rapid.SampledFrom([]query.Op{query.OpIn, query.OpNotIn, query.OpMatch, query.OpNotMatch}).Draw(t, "op"),
	}
	if f.Op == query.OpMatch || f.Op == query.OpNotMatch {
		f.Values = []string{rapid.SampledFrom([]string{"", ".*", ".+", "a", "a|b", "a.*", ".*_.*", "(?i)DB-[0-9]", "[^a]*", `.*\n.*`, "other|misaligned_stack", "日.語"}).Draw(t, "expression")}
		return f
	}
	f.Values = rapid.SliceOfN(rapid.SampledFrom(append([]string{"other", "return_to_null", "abort", "never seen"}, texts...)), 1, 4).Draw(t, "values")
	return f
}
