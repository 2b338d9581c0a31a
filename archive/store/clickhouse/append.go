package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Append adds records and returns when ClickHouse has them.
func (s *Store) Append(ctx context.Context, records []crash.Record) (store.Appended, error) {
	done, err := s.records.add(ctx, records)
	if err != nil {
		return store.Appended{}, fmt.Errorf("clickhouse: append %d records: %w", len(records), err)
	}
	return done, nil
}

// commitRecords inserts what is new of several callers' records, those that came
// first before the others.
func (s *Store) commitRecords(ctx context.Context, parts [][]crash.Record) ([]store.Appended, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.InsertTimeout)
	defer cancel()
	before, err := s.stored(ctx)
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	known, err := s.knownTimes(ctx, parts)
	if err != nil {
		return nil, fmt.Errorf("look up known ids: %w", err)
	}
	done := make([]store.Appended, len(parts))
	var fresh []*crash.Record
	for i, part := range parts {
		for j := range part {
			if known.has(&part[j]) {
				done[i].Duplicates++
				continue
			}
			known.add(part[j].ID, part[j].Time.UnixMicro())
			fresh = append(fresh, &part[j])
			done[i].Added++
		}
	}
	if len(fresh) == 0 {
		return done, nil
	}
	slices.SortStableFunc(fresh, func(a, b *crash.Record) int { return a.Time.Compare(b.Time) })
	var rows rowEncoder
	now := s.now().UnixMicro()
	fields := crash.Fields()
	for _, r := range fresh {
		rows.record(r, now, fields)
	}
	if err := s.insert(ctx, tableOf(tableCrashes), rows.b); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, fresh, before+int64(len(fresh))); err != nil {
		return nil, fmt.Errorf("look for what other archives added: %w", err)
	}
	return done, nil
}

// knownIDs holds the times at which ids are in the store.
type knownIDs map[crash.ID][]int64

func (k knownIDs) add(id crash.ID, at int64) { k[id] = append(k[id], at) }

// has reports whether a record's id is known within store.DedupeWindow.
func (k knownIDs) has(r *crash.Record) bool {
	at, window := r.Time.UnixMicro(), store.DedupeWindow.Microseconds()
	return slices.ContainsFunc(k[r.ID], func(t int64) bool { return t-at <= window && at-t <= window })
}

// idsAtOnce bounds the ids of one look-up.
const idsAtOnce = 10_000

// knownTimes looks up all ids of a batch, in the time around it.
func (s *Store) knownTimes(ctx context.Context, parts [][]crash.Record) (knownIDs, error) {
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	var ids []crash.ID
	for _, part := range parts {
		for i := range part {
			at := part[i].Time.UnixMicro()
			from, to = min(from, at), max(to, at)
			ids = append(ids, part[i].ID)
		}
	}
	known := make(knownIDs)
	window := store.DedupeWindow.Microseconds()
	for chunk := range slices.Chunk(ids, idsAtOnce) {
		q := fmt.Sprintf("SELECT id, ts FROM %s WHERE ts >= %d AND ts <= %d AND id IN %s", tableCrashes, from-window, to+window, idList(chunk))
		err := s.whole(ctx, q, func(d *rowDecoder) { known.add(d.id(), d.int64()) })
		if err != nil {
			return nil, err
		}
	}
	return known, nil
}

// whole asks for rows of the whole cluster and fails when a shard is missing.
func (s *Store) whole(ctx context.Context, sql string, each func(*rowDecoder)) error {
	r := s.reading()
	err := r.rows(ctx, sql, each)
	if err == nil && r.partial {
		return fmt.Errorf("a shard of cluster %s is missing", s.opt.Cluster)
	}
	return err
}

// record writes the row of a record, in the order of crashColumns.
func (e *rowEncoder) record(r *crash.Record, received int64, fields []crash.Field) {
	e.int64(r.Time.UnixMicro())
	e.id(r.ID)
	e.uint64(firstWins(received))
	e.int64(received)
	e.int64(r.SchemaVersion)
	e.int64(r.ClassifierVersion)
	e.text(asJSON(r.Attributes))
	for _, f := range fields {
		e.field(f, r)
	}
}

// firstWins is the version of a row that was received then: the earlier, the
// higher, and the highest of rows with the same key stays.
func firstWins(received int64) uint64 { return math.MaxUint64 - uint64(received) }

func (e *rowEncoder) field(f crash.Field, r *crash.Record) {
	switch {
	case f.Strings != nil:
		e.texts(*f.Strings(r))
	case f.Bool != nil:
		e.flag(*f.Bool(r))
	case f.Int != nil:
		e.optional(*f.Int(r))
	case f.Address != nil:
		if v := *f.Address(r); e.nullable(v.Known) {
			e.uint64(v.Value)
		}
	default:
		e.text(*f.String(r))
	}
}

func (e *rowEncoder) optional(v crash.Optional[int64]) {
	if e.nullable(v.Known) {
		e.int64(v.Value)
	}
}

// asJSON returns a map of texts as JSON, "" when it is empty.
func asJSON(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "" // maps of texts always marshal
	}
	return string(b)
}
