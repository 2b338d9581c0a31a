package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"
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

// knownSlots returns the slots in the store that begin when one of the batch's
// does.
func (s *Store) knownSlots(ctx context.Context, w *writer, batches []*batch[crash.Exposure]) (known map[slotKey]bool, err error) {
	var starts []int64
	for _, b := range batches {
		for i := range b.rows {
			starts = append(starts, b.rows[i].Start.UnixMicro())
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	known = make(map[slotKey]bool)
	rows, err := w.conn.QueryContext(ctx, "SELECT start, host_id, host_name FROM "+tableExposure+
		" WHERE start BETWEEN ? AND ? AND start IN (SELECT unnest(?::BIGINT[]))", starts[0], starts[len(starts)-1], starts)
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var start int64
		var id, name int32
		if err := rows.Scan(&start, &id, &name); err != nil {
			return nil, err
		}
		host := crash.Host{ID: s.dict.value("host_id", id), Name: s.dict.value("host_name", name)}
		known[slotKey{store.SlotHost(host), start}] = true
	}
	return known, rows.Err()
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
