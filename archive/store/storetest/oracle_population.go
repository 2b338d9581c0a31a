package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Version implements store.Store.
func (o *Oracle) Version(context.Context) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return int64(len(o.records) + len(o.slots) + len(o.events)), nil
}

// AppendLedger implements store.Store.
func (o *Oracle) AppendLedger(_ context.Context, events []query.LedgerEvent) (store.Appended, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var done store.Appended
	for _, e := range events {
		if slices.ContainsFunc(o.events, func(k query.LedgerEvent) bool { return k.ID == e.ID }) {
			done.Duplicates++
			continue
		}
		o.events = append(o.events, e)
		done.Added++
	}
	return done, nil
}

// LedgerEvents implements store.Store.
func (o *Oracle) LedgerEvents(context.Context) ([]query.LedgerEvent, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	events := slices.Clone(o.events)
	store.SortEvents(events)
	return events, nil
}

// Population implements store.Store.
func (o *Oracle) Population(_ context.Context, req store.PopulationRequest) (store.Population, error) {
	p := store.Population{Values: make([][]string, len(req.Dimensions))}
	records := o.selected(query.Request{Range: req.Range, Filters: req.Filters, Suppressed: query.SuppressedExclude})
	slices.SortFunc(records, func(a, b *crash.Record) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	received := o.receipts()
	p.Crashes.Codes = make([][]int32, len(req.Dimensions))
	for _, r := range records {
		p.Crashes.Time = append(p.Crashes.Time, r.Time.UnixMicro())
		p.Crashes.Class = append(p.Crashes.Class, encode(&p.Class, string(r.Finding.Class)))
		p.Crashes.Signature = append(p.Crashes.Signature, encode(&p.Signature, r.Finding.Signature))
		p.Crashes.HostUptime = append(p.Crashes.HostUptime, optional(r.Host.UptimeSeconds))
		p.Crashes.Received = append(p.Crashes.Received, received[receiptOf(r)])
		p.Crashes.PID = append(p.Crashes.PID, optional(r.Process.PID))
		p.Crashes.Source = append(p.Crashes.Source, encode(&p.Source, string(r.Source)))
		p.Crashes.Signal = append(p.Crashes.Signal, encode(&p.Signal, r.Fault.Signal))
		p.Crashes.Boot = append(p.Crashes.Boot, encode(&p.Boot, r.Host.BootID))
		p.Crashes.Executable = append(p.Crashes.Executable, encode(&p.Executable, r.Process.Executable))
		for i, d := range req.Dimensions {
			p.Crashes.Codes[i] = append(p.Crashes.Codes[i], encode(&p.Values[i], dimensionText(r, d)))
		}
	}
	o.populationExposure(req, &p)
	o.populationLimits(req, &p)
	return p, nil
}

// receipt identifies a record: ids come again after store.DedupeWindow.
type receipt struct {
	id crash.ID
	at int64
}

func receiptOf(r *crash.Record) receipt { return receipt{r.ID, r.Time.UnixMicro()} }

// receipts returns when each record was received.
func (o *Oracle) receipts() map[receipt]int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := make(map[receipt]int64, len(o.records))
	for i := range o.records {
		at[receiptOf(&o.records[i])] = o.received[i].UnixMicro()
	}
	return at
}

func optional(v crash.Optional[int64]) int64 {
	if v.Known {
		return v.Value
	}
	return -1
}

func (o *Oracle) populationLimits(req store.PopulationRequest, p *store.Population) {
	o.mu.Lock()
	defer o.mu.Unlock()
	days := make(map[store.PopulationLimit]float64)
	for _, e := range o.slots {
		if e.Limited > 0 && !e.Start.Before(req.Range.From) && e.Start.Before(req.Range.To) {
			days[store.PopulationLimit{Day: int32(e.Start.Truncate(24*time.Hour).Unix() / 86400), Host: store.HostKey(e.Host)}] += e.Limited.Hours() / 24
		}
	}
	p.Limits = store.SortLimits(days)
}

func encode(dictionary *[]string, text string) int32 {
	i := slices.Index(*dictionary, text)
	if i < 0 {
		i = len(*dictionary)
		*dictionary = append(*dictionary, text)
	}
	return int32(i)
}

// hostDay is one entry of a population's exposure.
type hostDay struct {
	day    int32
	values []string
	days   float64
	last   time.Time
	uptime int64
}

func (o *Oracle) populationExposure(req store.PopulationRequest, p *store.Population) {
	found := make(map[string]*hostDay)
	o.mu.Lock()
	for i := range o.slots {
		e := &o.slots[i]
		if len(e.Builds) == 0 {
			r := store.SlotRecord(e, crash.ExposedBuild{})
			addDays(found, req, e, &r, e.Covered, store.HostDimensions())
		}
		for _, b := range e.Builds {
			r := store.SlotRecord(e, b)
			addDays(found, req, e, &r, b.Running, append(store.HostDimensions(), store.BuildDimensions()...))
		}
	}
	o.mu.Unlock()
	p.Exposure.Codes = make([][]int32, len(req.Dimensions))
	days := make([]*hostDay, 0, len(found))
	for _, h := range found {
		if h.days >= store.LeastExposure {
			days = append(days, h)
		}
	}
	slices.SortFunc(days, func(a, b *hostDay) int { return int(a.day - b.day) })
	for _, h := range days {
		p.Exposure.Day = append(p.Exposure.Day, h.day)
		p.Exposure.Days = append(p.Exposure.Days, h.days)
		p.Exposure.HostUptime = append(p.Exposure.HostUptime, h.uptime)
		for i, v := range h.values {
			p.Exposure.Codes[i] = append(p.Exposure.Codes[i], encode(&p.Values[i], v))
		}
	}
}

// addDays adds one slot, or one build of it, day by day.
func addDays(found map[string]*hostDay, req store.PopulationRequest, e *crash.Exposure, r *crash.Record, weight time.Duration, known []string) {
	values := make([]string, len(req.Dimensions))
	for i, d := range req.Dimensions {
		if slices.Contains(known, d) {
			values[i] = dimensionText(r, d)
		}
	}
	end := e.Start.Add(e.Length)
	for midnight := e.Start.Truncate(24 * time.Hour); midnight.Before(end); midnight = midnight.Add(24 * time.Hour) {
		from, to := latest(midnight, e.Start, req.Range.From), earliest(midnight.Add(24*time.Hour), end, req.Range.To)
		if !from.Before(to) {
			continue
		}
		// A slot without builds and one with a build that has no name are
		// different entries.
		key := fmt.Sprintln(midnight, e.Host.ID, e.Host.Name, len(e.Builds) == 0, strings.Join(values, "\x00"))
		h := found[key]
		if h == nil {
			h = &hostDay{day: int32(midnight.Unix() / 86400), values: values, uptime: -1}
			found[key] = h
		}
		h.days += weight.Hours() / 24 * float64(to.Sub(from)) / float64(e.Length)
		if e.Host.UptimeSeconds.Known && !e.Start.Before(h.last) {
			h.last, h.uptime = e.Start, e.Host.UptimeSeconds.Value
		}
	}
}
