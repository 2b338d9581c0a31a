package store

import (
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

const day = 24 * time.Hour

// Buckets cuts a range into the buckets of a time series: bucket i is
// [Starts[i], Starts[i+1]), the last ends at End. The first may begin before
// the range and the last end after it.
type Buckets struct {
	Starts   []time.Time
	End      time.Time
	Interval time.Duration
}

// NewBuckets returns the buckets of a normalized, validated request. Those
// shorter than a day are aligned to the Unix epoch. Longer ones are whole days
// that begin at midnight of the request's time zone, counted from a Monday, so
// that seven of them are a week; on days of a clock change they are shorter or
// longer than 24 hours.
func NewBuckets(req query.Request) Buckets {
	interval := time.Duration(req.Interval)
	if interval >= day {
		return dayBuckets(req.Range, interval, location(req.TimeZone))
	}
	b := Buckets{Interval: interval}
	since := time.Duration(req.Range.From.UnixMicro()) * time.Microsecond
	t := req.Range.From.Truncate(time.Microsecond).Add(-floorMod(since, interval))
	for ; t.Before(req.Range.To); t = t.Add(interval) {
		b.Starts = append(b.Starts, t.UTC())
	}
	b.End = t.UTC()
	return b
}

func location(name string) *time.Location {
	if name == "" {
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC // a validated request names a known zone
	}
	return loc
}

func floorMod(a, b time.Duration) time.Duration {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}

func dayBuckets(r query.Range, interval time.Duration, loc *time.Location) Buckets {
	n := int64((interval + day - 1) / day)
	b := Buckets{Interval: time.Duration(n) * day}
	first := floorDiv(dayNumber(r.From.In(loc))-monday, n)*n + monday
	for d := first; ; d += n {
		t := startOfDay(d, loc)
		if len(b.Starts) > 0 && !t.After(b.Starts[len(b.Starts)-1]) {
			continue // a day that the zone left out
		}
		if !t.Before(r.To) {
			b.End = t
			return b
		}
		b.Starts = append(b.Starts, t)
	}
}

// monday is the number of the first Monday after the epoch, 5 January 1970.
const monday = 4

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// dayNumber counts the days of t's calendar from 1 January 1970.
func dayNumber(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// startOfDay returns the first instant of the calendar day, also where midnight
// does not exist or comes twice.
func startOfDay(number int64, loc *time.Location) time.Time {
	noon := time.Unix(number*86400, 0).UTC().Add(12 * time.Hour)
	y, m, d := noon.Date()
	t := time.Date(y, m, d, 0, 0, 0, 0, loc)
	start, end := t.ZoneBounds()
	switch {
	case dayNumber(t) < number:
		// Midnight was skipped and Go chose the offset before the change.
		t = end
	case !start.IsZero() && dayNumber(start.Add(-time.Nanosecond).In(loc)) >= number:
		// The clock was set back over midnight: the day began before.
		_, offset := start.Add(-time.Nanosecond).Zone()
		t = time.Unix(number*86400-int64(offset), 0)
	case !start.IsZero() && t.Sub(start) < 0:
		t = start
	}
	if s, _ := t.ZoneBounds(); !s.IsZero() && dayNumber(s.In(loc)) == number && dayNumber(s.Add(-time.Nanosecond).In(loc)) < number {
		t = s // midnight was skipped and Go chose the offset after the change
	}
	return t.UTC()
}

// Index returns the bucket that holds t, or -1.
func (b Buckets) Index(t time.Time) int {
	if len(b.Starts) == 0 || t.Before(b.Starts[0]) || !t.Before(b.End) {
		return -1
	}
	lo, hi := 0, len(b.Starts)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; b.Starts[mid].After(t) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return lo
}

// Run is a series of buckets of the same width, so that a store can compute the
// number of a bucket instead of looking it up.
type Run struct {
	First int // number of the run's first bucket
	Start time.Time
	End   time.Time
	Width time.Duration
}

// Runs returns the buckets as runs; a time zone's clock change makes a run of
// its own.
func (b Buckets) Runs() []Run {
	var runs []Run
	for i, start := range b.Starts {
		end := b.End
		if i+1 < len(b.Starts) {
			end = b.Starts[i+1]
		}
		width := end.Sub(start)
		if n := len(runs); n > 0 && runs[n-1].Width == width {
			runs[n-1].End = end
			continue
		}
		runs = append(runs, Run{First: i, Start: start, End: end, Width: width})
	}
	return runs
}
