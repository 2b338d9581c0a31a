package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// firstWindow is how far back the newest records are looked for at first; each
// further try looks four times as far.
const firstWindow = day

// Records finds the newest records first and reads the wide columns of those
// only.
func (s *Store) Records(ctx context.Context, req query.Request) (query.Records, error) {
	r := s.reading()
	keys, err := r.newest(ctx, req)
	if err != nil {
		return query.Records{}, fmt.Errorf("clickhouse: newest records: %w", err)
	}
	records, err := r.read(ctx, keys)
	if err != nil {
		return query.Records{}, fmt.Errorf("clickhouse: read records: %w", err)
	}
	slices.SortFunc(records, func(a, b crash.Record) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	meta, err := r.meta(ctx)
	if err != nil {
		return query.Records{}, fmt.Errorf("clickhouse: read records: %w", err)
	}
	return query.Records{Records: records, Meta: meta}, nil
}

// recordKey is the key of a row of crashes.
type recordKey struct {
	ts int64
	id crash.ID
}

// newest returns the keys of the newest records that req selects.
func (r *reading) newest(ctx context.Context, req query.Request) ([]recordKey, error) {
	bounds, err := r.span(ctx)
	if err != nil || bounds.To.IsZero() {
		return nil, err
	}
	// Outside of what the archive holds there is nothing to look for.
	if req.Range.To.After(bounds.To) {
		req.Range.To = bounds.To
	}
	if req.Range.From.Before(bounds.From) {
		req.Range.From = bounds.From
	}
	whole := req.Range.From
	for window := firstWindow; ; window *= 4 {
		if req.Range.From = req.Range.To.Add(-window); req.Range.From.Before(whole) || window > query.MaxRange/4 {
			req.Range.From = whole
		}
		keys, err := r.newestWithin(ctx, req)
		if err != nil {
			return nil, err
		}
		if len(keys) >= req.Limit || !req.Range.From.After(whole) {
			return keys, nil
		}
	}
}

// span returns the times of the oldest and newest crash; zero when there is none.
func (r *reading) span(ctx context.Context) (query.Range, error) {
	var out query.Range
	err := r.rows(ctx, "SELECT toInt64(count()), toInt64(min(ts)), toInt64(max(ts)) FROM "+tableCrashes, func(d *rowDecoder) {
		n, first, last := d.int64(), d.int64(), d.int64()
		if n > 0 {
			out = query.Range{From: fromMicro(first), To: fromMicro(last + 1)}
		}
	})
	return out, err
}

func (r *reading) newestWithin(ctx context.Context, req query.Request) (keys []recordKey, err error) {
	w, err := selectCrashes(req)
	if err != nil {
		return nil, err
	}
	q := "SELECT ts, id" + final(tableCrashes) + w.where() + " ORDER BY ts DESC, id LIMIT " + integer(req.Limit)
	err = r.rows(ctx, q, func(d *rowDecoder) { keys = append(keys, recordKey{d.int64(), d.id()}) })
	return keys, err
}

// read returns the records with the given keys, in no order. Both parts of the
// key are asked for, because only the time leads to the place on disk.
func (r *reading) read(ctx context.Context, keys []recordKey) ([]crash.Record, error) {
	records := make([]crash.Record, 0, len(keys))
	wanted := make(map[recordKey]bool, len(keys))
	fields := crash.Fields()
	cols := make([]string, len(fields))
	for i, f := range fields {
		cols[i] = column(f.Name)
	}
	for chunk := range slices.Chunk(keys, idsAtOnce) {
		times, ids := make([]int64, len(chunk)), make([]crash.ID, len(chunk))
		for i, k := range chunk {
			times[i], ids[i], wanted[k] = k.ts, k.id, true
		}
		slices.Sort(times)
		times = slices.Compact(times)
		q := fmt.Sprintf("SELECT ts, id, schema_version, classifier_version, attributes, %s FROM %s FINAL PREWHERE ts >= %d AND ts <= %d AND ts IN (%s) AND id IN %s",
			strings.Join(cols, ", "), tableCrashes, times[0], times[len(times)-1], integers(times), idList(ids))
		var broken error
		err := r.rows(ctx, q, func(d *rowDecoder) {
			var rec crash.Record
			if err := d.record(&rec, fields); err != nil && broken == nil {
				broken = fmt.Errorf("record %s: %w", rec.ID, err)
			}
			if wanted[recordKey{rec.Time.UnixMicro(), rec.ID}] {
				records = append(records, rec)
			}
		})
		if err == nil {
			err = broken
		}
		if err != nil {
			return nil, err
		}
	}
	return records, nil
}

// record reads the row of a record.
func (d *rowDecoder) record(r *crash.Record, fields []crash.Field) (err error) {
	r.Time, r.ID = fromMicro(d.int64()), d.id()
	r.SchemaVersion, r.ClassifierVersion = d.int64(), d.int64()
	if attributes := d.bytes(); len(attributes) > 0 {
		if err = json.Unmarshal(attributes, &r.Attributes); err != nil {
			err = fmt.Errorf("attributes: %w", err)
		}
	}
	for _, f := range fields {
		d.field(f, r)
	}
	return err
}

func (d *rowDecoder) field(f crash.Field, r *crash.Record) {
	switch {
	case f.Strings != nil:
		*f.Strings(r) = d.texts()
	case f.Bool != nil:
		*f.Bool(r) = d.flag()
	case f.Int != nil:
		if d.known() {
			*f.Int(r) = crash.Some(d.int64())
		}
	case f.Address != nil:
		if d.known() {
			*f.Address(r) = crash.Some(d.uint64())
		}
	default:
		*f.String(r) = d.text()
	}
}
