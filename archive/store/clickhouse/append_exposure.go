package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// slotKey is the identity of a slot of exposure.
type slotKey struct {
	host  string
	start int64
}

// AppendExposure adds slots and returns when ClickHouse has them.
func (s *Store) AppendExposure(ctx context.Context, slots []crash.Exposure) (store.Appended, error) {
	done, err := s.exposure.add(ctx, slots)
	if err != nil {
		return store.Appended{}, fmt.Errorf("clickhouse: append %d slots of exposure: %w", len(slots), err)
	}
	return done, nil
}

func (s *Store) commitExposure(ctx context.Context, parts [][]crash.Exposure) ([]store.Appended, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.InsertTimeout)
	defer cancel()
	known, err := s.knownSlots(ctx, parts)
	if err != nil {
		return nil, fmt.Errorf("look up known slots: %w", err)
	}
	done := make([]store.Appended, len(parts))
	var rows rowEncoder
	received := s.now().UnixMicro()
	for i, part := range parts {
		for j := range part {
			k := slotKey{store.SlotHost(part[j].Host), part[j].Start.UnixMicro()}
			if known[k] {
				done[i].Duplicates++
				continue
			}
			known[k] = true
			done[i].Added++
			rows.slot(&part[j], k, received)
		}
	}
	return done, s.insert(ctx, tableOf(tableExposure), rows.b)
}

// knownSlots returns the slots in the store that begin when one of the batch's
// does.
func (s *Store) knownSlots(ctx context.Context, parts [][]crash.Exposure) (map[slotKey]bool, error) {
	var starts []int64
	for _, part := range parts {
		for _, e := range part {
			starts = append(starts, e.Start.UnixMicro())
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	known := make(map[slotKey]bool)
	for chunk := range slices.Chunk(starts, idsAtOnce) {
		q := fmt.Sprintf("SELECT start, host FROM %s WHERE start IN (%s)", tableExposure, integers(chunk))
		err := s.whole(ctx, q, func(d *rowDecoder) {
			start := d.int64()
			known[slotKey{d.text(), start}] = true
		})
		if err != nil {
			return nil, err
		}
	}
	return known, nil
}

// integers joins numbers with commas.
func integers(list []int64) string {
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(integer(n))
	}
	return b.String()
}

// slot writes the row of a slot, in the order of exposureColumns.
func (e *rowEncoder) slot(x *crash.Exposure, k slotKey, received int64) {
	e.int64(k.start)
	e.text(k.host)
	e.uint64(firstWins(received))
	e.int64(received)
	e.int64(x.Length.Nanoseconds())
	e.int64(x.Covered.Nanoseconds())
	e.int64(x.Limited.Nanoseconds())
	e.text(x.Host.BootID)
	e.optional(x.Host.UptimeSeconds)
	r := store.SlotRecord(x, crash.ExposedBuild{})
	for _, d := range store.HostDimensions() {
		f, _ := crash.DimensionByName(d)
		e.text(f.Text(&r))
	}
	for _, d := range store.BuildDimensions() {
		f, _ := crash.DimensionByName(d)
		values := make([]string, len(x.Builds))
		for i, b := range x.Builds {
			built := store.SlotRecord(x, b)
			values[i] = f.Text(&built)
		}
		e.texts(values)
	}
	running := make([]int64, len(x.Builds))
	for i, b := range x.Builds {
		running[i] = b.Running.Nanoseconds()
	}
	e.int64s(running)
}
