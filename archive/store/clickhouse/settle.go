package clickhouse

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// received is one row of a crash: when it happened and when it was received.
type received struct{ ts, at int64 }

// settle deletes what another archive has taken meanwhile. Two archives that
// look up the same crash at the same moment both insert it; rows of the same time
// are one anyway, and of those that are dated otherwise all but the first to come
// are deleted. Whichever archive looks last sees the rows of both. There is
// nothing to look for when the table holds the rows that are expected.
func (s *Store) settle(ctx context.Context, fresh []*crash.Record, expected int64) error {
	if n, err := s.stored(ctx); err != nil || n == expected {
		return err
	}
	from, to := fresh[0].Time.UnixMicro(), fresh[len(fresh)-1].Time.UnixMicro() // in order of time
	window := store.DedupeWindow.Microseconds()
	ids := make([]crash.ID, len(fresh))
	for i, r := range fresh {
		ids[i] = r.ID
	}
	rows := make(map[crash.ID][]received)
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		q := fmt.Sprintf("SELECT id, ts, received FROM %s WHERE ts >= %d AND ts <= %d AND id IN %s", tableCrashes, from-window, to+window, idList(chunk))
		err := s.whole(ctx, q, func(d *rowDecoder) {
			id := d.id()
			rows[id] = append(rows[id], received{d.int64(), d.int64()})
		})
		if err != nil {
			return err
		}
	}
	var second []string
	for id, all := range rows {
		for _, ts := range surplus(all) {
			second = append(second, fmt.Sprintf("ts = %d AND id = unhex('%s')", ts, hex.EncodeToString(id[:])))
		}
	}
	return s.remove(ctx, second)
}

// stored counts the rows of crashes on disk, without reading them.
func (s *Store) stored(ctx context.Context) (n int64, err error) {
	parts, table := "system.parts", tableCrashes
	if s.opt.Cluster != "" {
		parts, table = "cluster("+quote(s.opt.Cluster)+", system.parts)", local(tableCrashes)
	}
	err = s.whole(ctx, "SELECT toInt64(sum(rows)) FROM "+parts+" WHERE active AND database = "+quote(s.opt.Database)+" AND table = "+quote(table),
		func(d *rowDecoder) { n = d.int64() })
	return n, err
}

// remove deletes rows of crashes that conditions name, hundreds in one mutation,
// without waiting for its end.
func (s *Store) remove(ctx context.Context, rows []string) error {
	const atOnce = 500
	table := tableCrashes
	if s.opt.Cluster != "" {
		table = local(table)
	}
	for chunk := range slices.Chunk(rows, atOnce) {
		if err := s.exec(ctx, "ALTER TABLE "+name(table)+s.onCluster()+" DELETE WHERE "+strings.Join(chunk, " OR ")); err != nil {
			return fmt.Errorf("delete %d second rows of crashes: %w", len(chunk), err)
		}
	}
	return nil
}

// surplus returns the times of the rows of one id that are the same crash as one
// that was received before.
func surplus(rows []received) (times []int64) {
	slices.SortFunc(rows, func(a, b received) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ts, b.ts)) })
	var kept []int64
	window := store.DedupeWindow.Microseconds()
	for _, r := range rows {
		near := func(ts int64) bool { return ts-r.ts <= window && r.ts-ts <= window }
		switch {
		case slices.Contains(kept, r.ts): // the same row again
		case slices.ContainsFunc(kept, near):
			times = append(times, r.ts)
		default:
			kept = append(kept, r.ts)
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}
