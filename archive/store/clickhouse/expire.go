package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

var (
	_ store.Maintainer = (*Store)(nil)
	_ store.Deleter    = (*Store)(nil)
)

// Expire deletes by mutations, which rewrite the parts that hold what is too
// old, and returns when they are done.
func (s *Store) Expire(ctx context.Context, r store.Retention, dry bool) (store.Deleted, error) {
	var d store.Deleted
	var runs int64
	for _, part := range []struct {
		table, column string
		before        time.Time
		n             *int64
	}{
		{tableCrashes, "ts", r.Records, &d.Records},
		{tableExposure, "start", r.Exposure, &d.Exposure},
		{tableRuns, "start", r.Exposure, &runs},
		{tableLedger, "ts", r.Ledger, &d.Ledger},
	} {
		if part.before.IsZero() {
			continue
		}
		old := fmt.Sprintf("%s < %d", part.column, store.CeilMicro(part.before))
		var err error
		if *part.n, err = s.mutate(ctx, part.table, "DELETE", old, dry); err != nil {
			return store.Deleted{}, fmt.Errorf("clickhouse: expire %s: %w", part.table, err)
		}
	}
	d.Exposure += runs
	if !r.Registers.IsZero() {
		old := fmt.Sprintf("ts < %d AND length(crash_registers) > 0", store.CeilMicro(r.Registers))
		var err error
		if d.Registers, err = s.mutate(ctx, tableCrashes, "UPDATE crash_registers = emptyArrayString()", old, dry); err != nil {
			return store.Deleted{}, fmt.Errorf("clickhouse: expire registers: %w", err)
		}
	}
	return d, nil
}

// Delete deletes by a mutation and returns when it is done.
func (s *Store) Delete(ctx context.Context, req query.Request, dry bool) (store.Deleted, error) {
	w, err := selectCrashes(req)
	if err != nil {
		return store.Deleted{}, err
	}
	n, err := s.mutate(ctx, tableCrashes, "DELETE", w.where()[len(" WHERE "):], dry)
	if err != nil {
		return store.Deleted{}, fmt.Errorf("clickhouse: delete: %w", err)
	}
	return store.Deleted{Records: n}, nil
}

// mutate counts the rows of a condition and changes them, unless dry is set or
// there are none. Of a cluster all shards must be there.
func (s *Store) mutate(ctx context.Context, table, change, where string, dry bool) (n int64, err error) {
	if err := s.whole(ctx, "SELECT toInt64(count())"+final(table)+" WHERE "+where, func(d *rowDecoder) { n = d.int64() }); err != nil {
		return 0, err
	}
	if dry || n == 0 {
		return n, nil
	}
	if s.opt.Cluster != "" && tableOf(table).shard != "" {
		table = local(table)
	}
	if err := s.exec(ctx, "ALTER TABLE "+name(table)+s.onCluster()+" "+change+" WHERE "+where); err != nil {
		return 0, err
	}
	return n, s.awaitMutations(ctx, table)
}

// awaitMutations waits until nothing of a table is left to be rewritten: the
// statement returns at once, on older servers in any case.
func (s *Store) awaitMutations(ctx context.Context, table string) error {
	from := "system.mutations"
	if s.opt.Cluster != "" {
		from = "cluster(" + quote(s.opt.Cluster) + ", system.mutations)"
	}
	q := "SELECT toInt64(count()) FROM " + from + " WHERE database = " + quote(s.opt.Database) + " AND table = " + quote(table) + " AND is_done = 0"
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		var left int64
		if err := s.whole(ctx, q, func(d *rowDecoder) { left = d.int64() }); err != nil {
			return fmt.Errorf("mutation of %s: %w", table, err)
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), fmt.Errorf("%d mutations of %s go on without being waited for", left, table))
		case <-time.After(wait):
		}
	}
}
