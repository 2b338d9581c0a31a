package store

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/pkg/query"
)

func request(from, to, zone string, interval time.Duration) query.Request {
	f, err := time.Parse(time.RFC3339, from)
	if err != nil {
		panic(err)
	}
	t, err := time.Parse(time.RFC3339, to)
	if err != nil {
		panic(err)
	}
	r := query.Request{Range: query.Range{From: f, To: t}, TimeZone: zone, Interval: query.Duration(interval)}
	r.Normalize()
	return r
}

func TestBucketsStartAtMidnight(t *testing.T) {
	tests := []struct {
		name string
		req  query.Request
		want []string
	}{
		{
			"hours align to the epoch", request("2026-01-01T01:30:00Z", "2026-01-01T07:00:00Z", "", 3*time.Hour),
			[]string{"2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z", "2026-01-01T06:00:00Z"},
		},
		{
			"Berlin, spring forward", request("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", "Europe/Berlin", day),
			[]string{"2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		},
		{
			"Berlin, fall back", request("2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z", "Europe/Berlin", day),
			[]string{"2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		},
		{
			"Sao Paulo, no midnight", request("2018-11-03T12:00:00Z", "2018-11-05T01:00:00Z", "America/Sao_Paulo", day),
			[]string{"2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
		},
		{
			"St. John's, midnight twice", request("2010-11-06T12:00:00Z", "2010-11-08T12:00:00Z", "America/St_Johns", day),
			[]string{"2010-11-06T02:30:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
		},
		{
			"Apia leaves out a day", request("2011-12-29T20:00:00Z", "2011-12-31T20:00:00Z", "Pacific/Apia", day),
			[]string{"2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		},
		{
			"leap day", request("2028-02-28T12:00:00Z", "2028-03-01T00:00:01Z", "", day),
			[]string{"2028-02-28T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
		},
		{
			"weeks begin on Monday", request("2026-11-21T00:00:00Z", "2026-11-24T00:00:00Z", "", 7*day),
			[]string{"2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		},
		{
			"before the epoch", request("1969-12-31T22:00:00Z", "1970-01-01T01:00:00Z", "", day),
			[]string{"1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"},
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := NewBuckets(tc.req)
			if len(b.Starts) != len(tc.want) {
				t.Fatalf("%d buckets %v, want %v", len(b.Starts), b.Starts, tc.want)
			}
			for i, s := range b.Starts {
				if got := s.Format(time.RFC3339); got != tc.want[i] {
					t.Errorf("bucket %d starts %s, want %s", i, got, tc.want[i])
				}
			}
		})
	}
}

var zones = []string{
	"", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Asia/Kathmandu",
	"Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut", "Africa/Casablanca",
}

func TestBucketsCoverTheRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(1e9, 2e9).Draw(t, "from"), 0).UTC()
		interval := rapid.SampledFrom([]time.Duration{time.Minute, 7 * time.Minute, time.Hour, 7 * time.Hour, day, 36 * time.Hour, 7 * day, 28 * day}).Draw(t, "interval")
		span := time.Duration(rapid.Int64Range(1, int64(300*interval)).Draw(t, "span"))
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		b := NewBuckets(query.Request{Range: query.Range{From: from, To: from.Add(span)}, Interval: query.Duration(interval), TimeZone: zone})

		if b.Index(from) != 0 || b.Index(from.Add(span-1)) != len(b.Starts)-1 {
			t.Fatalf("range %s to %s lies in buckets %d to %d of %d", from, from.Add(span), b.Index(from), b.Index(from.Add(span-1)), len(b.Starts))
		}
		for i := 1; i < len(b.Starts); i++ {
			if !b.Starts[i].After(b.Starts[i-1]) {
				t.Fatalf("bucket %d does not start after the one before", i)
			}
		}
		at := from.Add(time.Duration(rapid.Int64Range(0, int64(span)-1).Draw(t, "at")))
		for _, r := range b.Runs() {
			if !at.Before(r.Start) && at.Before(r.End) {
				if got := r.First + int(at.Sub(r.Start)/r.Width); got != b.Index(at) {
					t.Fatalf("run says bucket %d, look-up says %d", got, b.Index(at))
				}
				return
			}
		}
		t.Fatalf("no run holds %s", at)
	})
}
