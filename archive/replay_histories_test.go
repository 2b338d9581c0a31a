package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/epicurve/epicurve/archive/evaluate/population"
	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
	"github.com/epicurve/epicurve/pkg/query"
)

const oneDay = 24 * time.Hour

func midnight(t time.Time) time.Time { return t.UTC().Truncate(oneDay) }

func runsBody(t *testing.T, runs []crash.Runs) []byte {
	t.Helper()
	if len(runs) == 0 {
		return nil
	}
	body, err := plogotlp.NewExportRequestFromLogs(otlp.RunsLogs(runs)).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// populations are those whose truth is known.
func populations(t *testing.T) (all []*history) {
	t.Helper()
	loaded, err := population.LoadAll(os.DirFS(filepath.Join("evaluate", "population", "testdata")))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		all = append(all, populationHistory(t, p))
	}
	return all
}

func populationHistory(t *testing.T, p *population.Population) *history {
	t.Helper()
	days := map[time.Time]*sent{}
	of := func(at time.Time) *sent {
		day := midnight(at)
		if days[day] == nil {
			days[day] = &sent{}
		}
		return days[day]
	}
	for i, row := range p.Rows {
		s := of(row.Time)
		s.records = append(s.records, populationRecord(row, i))
	}
	for _, d := range p.HostDays() {
		s := of(d.Day)
		s.slots = append(s.slots, populationSlot(p, d))
	}
	h := &history{name: p.Name, from: p.From, to: p.To, said: map[time.Time][]query.LedgerEvent{}, on: func(day time.Time) sent { return *of(day) }}
	for _, c := range p.Truth.Clusters {
		h.watch(t, p, c)
	}
	return h
}

// watch follows one cluster of the truth. What has a row after a mark that is no
// straggler is not over; what the truth doesn't say ended is never gone.
func (h *history) watch(t *testing.T, p *population.Population, c population.ClusterTruth) {
	t.Helper()
	s, err := population.ParseSelector(c.Cluster)
	if err != nil {
		t.Fatal(err)
	}
	w := watched{key: populationKey(p, s), never: c.MustNeverBe, end: c.StateAtEnd}
	for _, row := range p.Rows { // a relapse is seen at its first row
		if c.RelapseTrue != nil && w.relapse.IsZero() && s.Matches(row) && !row.Time.Before(*c.RelapseTrue) {
			w.relapse = row.Time
		}
	}
	for _, m := range c.Marks() {
		w.mark = m.At
		fix := query.Fix{At: m.At}
		if len(m.Removed) > 0 {
			fix.Removal, fix.Dimension, fix.Value = true, "host.name", m.Removed[0].Values[0]
		}
		day := midnight(m.At)
		h.said[day] = append(h.said[day], query.LedgerEvent{Actor: "ada", Cluster: w.key, Action: query.ActionFix, Text: m.What, Fix: &fix})
	}
	if c.StateAtEnd == "gone" || c.StateBeforeRelapse == "gone" {
		for _, row := range p.Rows {
			if s.Matches(row) && (w.relapse.IsZero() || row.Time.Before(w.relapse)) {
				w.ended = row.Time
			}
		}
	}
	h.watched = append(h.watched, w)
}

// populationKey is the cluster that a selector of one class or signature picks.
func populationKey(p *population.Population, s population.Selector) string {
	for _, row := range p.Rows {
		if !s.Matches(row) {
			continue
		}
		class := strings.ReplaceAll(row.Class, "-", "_")
		if s[0].Column == "class" {
			return class
		}
		return class + "/" + row.Signature
	}
	return ""
}

func populationHost(v [population.ColumnCount]string) (crash.Host, crash.Cloud) {
	return crash.Host{
		Name: v[population.Host], PhysicalID: v[population.Physical], KernelRelease: v[population.Kernel],
		CPUModel: v[population.CPUModel], Type: v[population.InstanceType],
	}, crash.Cloud{Region: v[population.Region]}
}

func populationRecord(row population.Row, i int) crash.Record {
	r := crash.Record{
		Time: row.Time, TimeSource: crash.TimeFromReporter, Source: crash.SourceImport,
		Finding: crash.Finding{Class: crash.Class(strings.ReplaceAll(row.Class, "-", "_")), Kind: crash.KindUnknown, Signature: row.Signature},
		Process: crash.Process{ServiceName: row.Values[population.Service], ServiceVersion: row.Values[population.Build]},
	}
	r.Host, r.Cloud = populationHost(row.Values)
	r.Complete("replay", strconv.Itoa(i))
	return r
}

func populationSlot(p *population.Population, d population.HostDay) crash.Exposure {
	e := crash.Exposure{Start: d.Day, Length: oneDay, Covered: oneDay}
	e.Host, e.Cloud = populationHost(d.Values)
	for _, o := range p.Outages {
		if o.Region != "" && o.Region != d.Values[population.Region] {
			continue
		}
		from, to := d.Day, d.Day.Add(oneDay)
		if o.From.After(from) {
			from = o.From
		}
		if o.To.Before(to) {
			to = o.To
		}
		e.Covered -= max(0, to.Sub(from))
	}
	e.Builds = []crash.ExposedBuild{{ServiceName: d.Values[population.Service], ServiceVersion: d.Values[population.Build], Running: e.Covered}}
	return e
}

// workedExample is that of docs/ledger.md, up to the second fix.
func workedExample(t *testing.T) *history {
	t.Helper()
	days := map[time.Time]*sent{}
	of := func(at time.Time) *sent {
		day := midnight(at)
		if days[day] == nil {
			days[day] = &sent{}
		}
		return days[day]
	}
	for _, name := range []string{"failures.csv", "later.csv"} {
		for header, cells := range csvRows(t, name) {
			p, err := ledger.ParseRow(header, cells)
			if err != nil {
				t.Fatal(err)
			}
			s := of(p.Record.Time)
			s.records = append(s.records, p.Record)
		}
	}
	for header, cells := range csvRows(t, "runs.csv") {
		var r crash.Runs
		for i, name := range header {
			if err := r.Set(name, cells[i]); err != nil {
				t.Fatal(err)
			}
		}
		s := of(r.Start)
		s.runs = append(s.runs, r)
	}
	day := func(m time.Month, d int) time.Time { return time.Date(2026, m, d, 0, 0, 0, 0, time.UTC) }
	const gifts = "workflow/wrong_output in support-chat via orders.lookup > refund.create"
	parting := query.Parting{Dimension: "gen_ai.response.model", Values: []string{"acme-large-2026-02"}}
	model := query.PartKey(gifts, parting)
	return &history{
		name: "worked example", from: day(1, 1), to: day(6, 20), on: func(at time.Time) sent { return *of(at) },
		said: map[time.Time][]query.LedgerEvent{
			day(3, 13): {
				{Actor: "ada", Cluster: gifts, Action: query.ActionSplit, Parting: &parting, Into: model},
				{Actor: "ada", Cluster: model, Action: query.ActionFix, Text: "out", Fix: &query.Fix{At: day(3, 13), Removal: true, Dimension: parting.Dimension, Value: parting.Values[0]}},
			},
			day(3, 20): {{Actor: "ada", Cluster: gifts, Action: query.ActionFix, Text: "prompt 42", Fix: &query.Fix{At: day(3, 20)}}},
		},
		watched: []watched{
			{key: model, mark: day(3, 13), ended: day(3, 13), relapse: day(5, 20), end: "relapsed"},
			{key: gifts, mark: day(3, 20), ended: day(3, 20), end: "gone"},
		},
	}
}

// csvRows yields each row of a file of the worked example with its header.
func csvRows(t *testing.T, name string) func(yield func(header, cells []string) bool) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "docs", "worked-example", name))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(header, cells []string) bool) {
		for _, cells := range lines[1:] {
			if !yield(lines[0], cells) {
				return
			}
		}
	}
}
