package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// testFold appends series of slots as exporters send them, in any order and
// again, folds in between, and compares every answer with an oracle that never
// folds. Stores that don't fold are compared all the same.
func testFold(t *testing.T, open Opener) {
	fewer(t, "25")
	rapid.Check(t, func(t *rapid.T) {
		p := &pair{s: open.Empty(t), o: NewOracle()}
		f := drawFleet(t)
		p.append(t, f.crashes(t))
		var sent []crash.Exposure
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			slots := f.series(t)
			if len(sent) > 0 && rapid.Bool().Draw(t, "resend") {
				at := rapid.IntRange(0, len(sent)-1).Draw(t, "again")
				slots = append(slots, sent[at:min(len(sent), at+20)]...)
			}
			p.expose(t, slots)
			sent = append(sent, slots...)
			f.fold(t, p)
			f.compare(t, p)
		}
		if m, ok := p.s.(store.Maintainer); ok && rapid.Bool().Draw(t, "expire") {
			before := f.moment(t)
			got, err := m.Expire(context.Background(), store.Retention{Exposure: before}, false)
			if err != nil {
				t.Fatalf("Expire: %v", err)
			}
			if want := p.o.expireExposure(before); got.Exposure != want {
				t.Errorf("Expire of exposure before %s: %d slots, want %d", before, got.Exposure, want)
			}
			f.compare(t, p)
			p.expose(t, sent) // what was expired is new again
			f.compare(t, p)
		}
		if err := p.s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	})
}

// fleet is a few hosts that send slots of one length around a midnight.
type fleet struct {
	base  time.Time
	step  time.Duration
	hosts []crash.Host
}

func drawFleet(t *rapid.T) *fleet {
	f := &fleet{
		base: time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC),
		step: rapid.SampledFrom([]time.Duration{5 * time.Minute, time.Hour, 7 * time.Minute}).Draw(t, "step"),
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "hosts") {
		f.hosts = append(f.hosts, crash.Host{Name: texts[i+1], Type: texts[i%2+1]})
	}
	return f
}

// moment draws a time between slots, at an end of one, or within one.
func (f *fleet) moment(t *rapid.T) time.Time {
	at := f.base.Add(time.Duration(rapid.IntRange(-2, 60).Draw(t, "slots")) * f.step)
	return at.Add(rapid.SampledFrom([]time.Duration{0, time.Microsecond, -time.Microsecond, f.step / 3}).Draw(t, "off"))
}

// series draws a run of slots of one host, mostly alike, some of which are
// missing, cut short, or of another build.
func (f *fleet) series(t *rapid.T) []crash.Exposure {
	e := crash.Exposure{Host: rapid.SampledFrom(f.hosts).Draw(t, "host"), Length: f.step, Covered: f.step}
	if rapid.Bool().Draw(t, "builds") {
		e.Builds = []crash.ExposedBuild{{ServiceName: "svc", ServiceVersion: "1", Running: f.step}}
	}
	first := rapid.IntRange(0, 30).Draw(t, "first")
	booted := rapid.Int64Range(0, 1000).Draw(t, "uptime")
	var slots []crash.Exposure
	for i := first; i < first+rapid.IntRange(1, 40).Draw(t, "run"); i++ {
		s := e
		s.Start = f.base.Add(time.Duration(i) * f.step)
		if booted > 300 {
			s.Host.UptimeSeconds = crash.Some(booted + int64(i)*int64(f.step/time.Second))
		}
		switch rapid.IntRange(0, 40).Draw(t, "odd") {
		case 0:
			continue // a gap
		case 1:
			s.Covered = f.step / 2
			s.Builds = nil
		case 2:
			booted++ // the clock of the uptime moved
		case 3:
			s.Covered -= time.Microsecond
			s.Builds = nil
		case 6:
			s.Covered -= 10 * time.Nanosecond // rounding
			s.Builds = nil
		case 4:
			s.Limited = f.step / 4
		case 5:
			s.Host.KernelRelease = "new"
		}
		slots = append(slots, s)
	}
	if rapid.Bool().Draw(t, "out of order") {
		slices.Reverse(slots)
	}
	return slots
}

// crashes are some on every host, to ask for rates.
func (f *fleet) crashes(t *rapid.T) []crash.Record {
	records := sequence(rapid.IntRange(1, 10).Draw(t, "crashes"))
	for i := range records {
		records[i].Time, records[i].Host = f.moment(t).Truncate(time.Microsecond), f.hosts[i%len(f.hosts)]
	}
	return records
}

func (f *fleet) fold(t *rapid.T, p *pair) {
	folder, ok := p.s.(store.Folder)
	if !ok {
		return
	}
	before, err := p.s.Version(context.Background())
	if err != nil {
		t.Fatalf("Version: %v", err)
	}
	for range rapid.IntRange(0, 2).Draw(t, "folds") {
		if _, err := folder.Fold(context.Background(), f.moment(t)); err != nil {
			t.Fatalf("Fold: %v", err)
		}
	}
	if after, err := p.s.Version(context.Background()); err != nil || after != before {
		t.Errorf("Version %d, %v, after Fold; want %d as before: no answer changed", after, err, before)
	}
}

// compare asks about exposure, rates and the population of odd ranges.
func (f *fleet) compare(t *rapid.T, p *pair) {
	from, to := f.moment(t), f.moment(t)
	if !to.After(from) {
		from, to = to, from.Add(time.Second)
	}
	req := query.Request{
		Range: query.Range{From: from, To: to}, Measure: query.MeasureRate, TimeZone: "Europe/Berlin",
		Interval: query.Duration(rapid.SampledFrom([]time.Duration{time.Minute, 17 * time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "interval")),
	}
	if rapid.Bool().Draw(t, "by host") {
		req.GroupBy = []string{rapid.SampledFrom([]string{"host.name", "service.version", "os.kernel.release"}).Draw(t, "by")}
	}
	p.ask(t, req, "host.name")
	p.askPopulation(t, req.Range)
	got, err := p.s.Stats(context.Background())
	want, _ := p.o.Stats(context.Background())
	if err != nil || got.Exposure != want.Exposure {
		t.Errorf("%d slots, %v; want %d", got.Exposure, err, want.Exposure)
	}
}
