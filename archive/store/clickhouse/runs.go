package clickhouse

import (
	"context"
	"fmt"
	"slices"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

var _ store.Runs = (*Store)(nil)

// AppendRuns adds slots of runs and returns when ClickHouse has them.
func (s *Store) AppendRuns(ctx context.Context, runs []crash.Runs) (store.Appended, error) {
	done, err := s.runs.add(ctx, runs)
	if err != nil {
		return store.Appended{}, fmt.Errorf("clickhouse: append %d slots of runs: %w", len(runs), err)
	}
	return done, nil
}

func (s *Store) commitRuns(ctx context.Context, parts [][]crash.Runs) ([]store.Appended, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.InsertTimeout)
	defer cancel()
	known, err := s.knownRuns(ctx, parts)
	if err != nil {
		return nil, fmt.Errorf("look up known runs: %w", err)
	}
	done := make([]store.Appended, len(parts))
	var rows rowEncoder
	received := s.now().UnixMicro()
	for i, part := range parts {
		for j := range part {
			r, id := &part[j], part[j].ID()
			if known[id] {
				done[i].Duplicates++
				continue
			}
			known[id] = true
			done[i].Added++
			rows.int64(r.Start.UnixMicro())
			rows.id(id)
			rows.uint64(firstWins(received))
			rows.int64(received)
			rows.int64(r.Length.Nanoseconds())
			rows.int64(r.Count)
			for _, d := range crash.RunDimensions() {
				rows.text(r.Of[d])
			}
		}
	}
	return done, s.insert(ctx, tableOf(tableRuns), rows.b)
}

// knownRuns returns the ids of the slots that begin when one of the batch's does.
func (s *Store) knownRuns(ctx context.Context, parts [][]crash.Runs) (map[crash.ID]bool, error) {
	var starts []int64
	for _, part := range parts {
		for _, r := range part {
			starts = append(starts, r.Start.UnixMicro())
		}
	}
	slices.Sort(starts)
	known := make(map[crash.ID]bool)
	for chunk := range slices.Chunk(slices.Compact(starts), idsAtOnce) {
		q := "SELECT id FROM " + tableRuns + " WHERE start IN (" + integers(chunk) + ")"
		if err := s.whole(ctx, q, func(d *rowDecoder) { known[d.id()] = true }); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// RunsByDay sums the runs of the slots that begin in a range.
func (s *Store) RunsByDay(ctx context.Context, in query.Range) ([]store.DayRuns, error) {
	dims := crash.RunDimensions()
	cols := columns(dims)
	q := "SELECT toInt64(intDiv(start, 86400000000)) AS d, toFloat64(sum(count)), " + cols + final(tableRuns) + within("start", in).where() + " GROUP BY d, " + cols
	var days []store.DayRuns
	err := s.reading().rows(ctx, q, func(d *rowDecoder) {
		row := store.DayRuns{Day: int32(d.int64()), Count: d.float64(), Values: make([]string, len(dims))}
		for i := range dims {
			row.Values[i] = d.text()
		}
		days = append(days, row)
	})
	if err != nil {
		return nil, fmt.Errorf("clickhouse: runs: %w", err)
	}
	store.SortRuns(days)
	return days, nil
}
