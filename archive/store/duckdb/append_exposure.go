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

// AppendExposure adds slots in one transaction and returns after it is on disk.
func (s *Store) AppendExposure(ctx context.Context, slots []crash.Exposure) (store.Appended, error) {
	if len(slots) == 0 {
		return store.Appended{}, nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	var done store.Appended
	err := s.transaction(ctx, func(w *writer) error {
		known, err := s.knownSlots(ctx, w, slots)
		if err != nil {
			return fmt.Errorf("look up known slots: %w", err)
		}
		var fresh []crash.Exposure
		for _, e := range slots {
			k := slotKey{store.SlotHost(e.Host), e.Start.UnixMicro()}
			if known[k] {
				continue
			}
			known[k] = true
			fresh = append(fresh, e)
		}
		slices.SortStableFunc(fresh, func(a, b crash.Exposure) int { return a.Start.Compare(b.Start) })
		done = store.Appended{Added: len(fresh), Duplicates: len(slots) - len(fresh)}
		return w.slots(fresh)
	})
	if err != nil {
		return store.Appended{}, fmt.Errorf("duckdb: append %d slots of exposure: %w", len(slots), err)
	}
	if done.Added > 0 {
		s.exposed.Store(true)
		s.version.Add(int64(done.Added))
	}
	return done, nil
}

// knownSlots returns the slots in the store that begin when one of the batch's
// does.
func (s *Store) knownSlots(ctx context.Context, w *writer, slots []crash.Exposure) (known map[slotKey]bool, err error) {
	starts := make([]int64, len(slots))
	for i, e := range slots {
		starts[i] = e.Start.UnixMicro()
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
	code := w.slotCodes()
	err := w.fill(tableExposure, len(slots), func(i int, col string) driver.Value {
		e := &slots[i]
		switch col {
		case "start":
			return e.Start.UnixMicro()
		case "length":
			return e.Length.Nanoseconds()
		case "covered":
			return e.Covered.Nanoseconds()
		case "host_boot_id":
			return e.Host.BootID
		case "host_uptime_seconds":
			return optional(e.Host.UptimeSeconds)
		case "builds":
			return int32(len(e.Builds))
		}
		return code(e, crash.ExposedBuild{}, col)
	})
	if err != nil {
		return err
	}
	return w.fill(tableExposed, len(builds), func(i int, col string) driver.Value {
		b := builds[i]
		switch col {
		case "start":
			return b.slot.Start.UnixMicro()
		case "length":
			return b.slot.Length.Nanoseconds()
		case "running":
			return b.Running.Nanoseconds()
		case "host_uptime_seconds":
			return optional(b.slot.Host.UptimeSeconds)
		}
		return code(b.slot, b.ExposedBuild, col)
	})
}

// slotCodes returns a function that codes the dimensions of a slot.
func (w *writer) slotCodes() func(*crash.Exposure, crash.ExposedBuild, string) driver.Value {
	byColumn := make(map[string]dimension)
	for _, d := range append(exposureFields(), buildFields()...) {
		byColumn[d.column] = d
	}
	return func(e *crash.Exposure, b crash.ExposedBuild, col string) driver.Value {
		r := store.SlotRecord(e, b)
		return w.dict.code(col, byColumn[col].Text(&r))
	}
}
