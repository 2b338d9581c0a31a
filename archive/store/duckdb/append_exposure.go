package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// slotKey is the identity of a slot of exposure.
type slotKey struct {
	host  string
	start int64
}

// AppendExposure adds slots in one transaction, together with those that others
// append meanwhile, and returns after it is on disk.
func (s *Store) AppendExposure(ctx context.Context, slots []crash.Exposure) (store.Appended, error) {
	if len(slots) == 0 {
		return store.Appended{}, nil
	}
	done, err := s.slots.append(ctx, &s.writing, slots)
	if err != nil {
		return store.Appended{}, fmt.Errorf("duckdb: append %d slots of exposure: %w", len(slots), err)
	}
	return done, nil
}

// commitSlots appends the new slots of some batches in one transaction.
func (s *Store) commitSlots(ctx context.Context, batches []*batch[crash.Exposure]) error {
	var fresh []crash.Exposure
	err := s.transaction(ctx, func(w *writer) error {
		known, err := s.knownSlots(ctx, w, batches)
		if err != nil {
			return fmt.Errorf("look up known slots: %w", err)
		}
		for _, b := range batches {
			before := len(fresh)
			for _, e := range b.rows {
				k := slotKey{store.SlotHost(e.Host), e.Start.UnixMicro()}
				if known[k] {
					continue
				}
				known[k] = true
				fresh = append(fresh, e)
			}
			added := len(fresh) - before
			b.done = store.Appended{Added: added, Duplicates: len(b.rows) - added}
		}
		slices.SortStableFunc(fresh, func(a, b crash.Exposure) int { return a.Start.Compare(b.Start) })
		return w.slots(fresh)
	})
	if err != nil {
		return err
	}
	if len(fresh) > 0 {
		s.exposed.Store(true)
		s.version.Add(int64(len(fresh)))
	}
	return nil
}

// knownSlots returns the slots of the batches that are in the store, alone or
// folded into a row with others.
func (s *Store) knownSlots(ctx context.Context, w *writer, batches []*batch[crash.Exposure]) (known map[slotKey]bool, err error) {
	known = make(map[slotKey]bool)
	starts := make(map[string][]int64) // by host
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	var ids, names []int32
	for _, b := range batches {
		for i := range b.rows {
			e := &b.rows[i]
			start, host := e.Start.UnixMicro(), store.SlotHost(e.Host)
			from, to = min(from, start), max(to, start)
			starts[host] = append(starts[host], start)
			if code, ok := s.dict.lookup("host_id", e.Host.ID); ok && e.Host.ID != "" {
				ids = append(ids, code)
			} else if code, ok := s.dict.lookup("host_name", e.Host.Name); ok && e.Host.ID == "" {
				names = append(names, code)
			}
		}
	}
	// No row is longer than a day.
	q := fmt.Sprintf("SELECT start, length, slots, host_id, host_name FROM %s WHERE start > %d AND start <= %d AND (%s OR host_id = 0 AND %s)",
		tableExposure, from-dayMicros, to, among("host_id", ids), among("host_name", names))
	return known, streamOn(ctx, w.conn, q, nil, func(row []driver.Value) {
		start, step := row[0].(int64), row[1].(int64)/1000/int64(row[2].(int32))
		host := store.SlotHost(crash.Host{ID: s.dict.value("host_id", row[3].(int32)), Name: s.dict.value("host_name", row[4].(int32))})
		for _, at := range starts[host] {
			if at == start || at > start && at < start+row[1].(int64)/1000 && row[2].(int32) > 1 && (at-start)%step == 0 {
				known[slotKey{host, at}] = true
			}
		}
	})
}

// among compares a column with codes.
func among(col string, list []int32) string {
	if len(list) == 0 {
		return "false"
	}
	slices.Sort(list)
	return col + " IN (" + joinCodes(slices.Compact(list)) + ")"
}

// slots appends exposure that is new.
func (w *writer) slots(slots []crash.Exposure) error {
	type build struct {
		slot *crash.Exposure
		crash.ExposedBuild
	}
	var builds []build
	for i := range slots {
		for _, b := range slots[i].Builds {
			builds = append(builds, build{&slots[i], b})
		}
	}
	err := w.fill(tableExposure, len(slots), func(col string) cells {
		switch col {
		case "start":
			return func(i int) driver.Value { return slots[i].Start.UnixMicro() }
		case "length":
			return func(i int) driver.Value { return slots[i].Length.Nanoseconds() }
		case "covered":
			return func(i int) driver.Value { return slots[i].Covered.Nanoseconds() }
		case "limited":
			return func(i int) driver.Value { return slots[i].Limited.Nanoseconds() }
		case "slots":
			return func(int) driver.Value { return int32(1) }
		case "host_boot_id":
			return func(i int) driver.Value { return slots[i].Host.BootID }
		case "host_uptime_seconds":
			return func(i int) driver.Value { return optional(slots[i].Host.UptimeSeconds) }
		case "builds":
			return func(i int) driver.Value { return int32(len(slots[i].Builds)) }
		}
		code := w.slotCoder(col)
		return func(i int) driver.Value { return code(&slots[i], crash.ExposedBuild{}) }
	})
	if err != nil {
		return err
	}
	return w.fill(tableExposed, len(builds), func(col string) cells {
		switch col {
		case "start":
			return func(i int) driver.Value { return builds[i].slot.Start.UnixMicro() }
		case "length":
			return func(i int) driver.Value { return builds[i].slot.Length.Nanoseconds() }
		case "running":
			return func(i int) driver.Value { return builds[i].Running.Nanoseconds() }
		case "slots":
			return func(int) driver.Value { return int32(1) }
		case "host_uptime_seconds":
			return func(i int) driver.Value { return optional(builds[i].slot.Host.UptimeSeconds) }
		}
		code := w.slotCoder(col)
		return func(i int) driver.Value { return code(builds[i].slot, builds[i].ExposedBuild) }
	})
}

// slotCoder returns a function that codes one dimension of a slot.
func (w *writer) slotCoder(col string) func(*crash.Exposure, crash.ExposedBuild) driver.Value {
	d, code := dimensionByColumn(col), w.dict.coder(col)
	return func(e *crash.Exposure, b crash.ExposedBuild) driver.Value {
		r := store.SlotRecord(e, b)
		return code(*d.String(&r))
	}
}
