package duckdb

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// span is the time of the oldest and the newest crash of something, in
// microseconds; the zero value is none.
type span struct {
	first, last int64
	any         bool
}

func (s *span) add(o span) {
	switch {
	case !o.any:
	case !s.any:
		*s = o
	default:
		s.first, s.last = min(s.first, o.first), max(s.last, o.last)
	}
}

// seen knows when each cluster was first and last seen over the whole archive,
// so that a question about a week need not read all years. Suppressed crashes
// are kept apart.
type seen struct {
	mu sync.RWMutex
	by map[clusterCodes]*[2]span // counted, suppressed
}

func loadSeen(ctx context.Context, db *sql.DB) (s *seen, err error) {
	s = &seen{by: make(map[clusterCodes]*[2]span)}
	rows, err := db.QueryContext(ctx, "SELECT "+colClass+" c, "+colSignature+" s, crash_suppressed_by <> 0 x, min(ts), max(ts) FROM "+tableFacts+" GROUP BY c, s, x")
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var k clusterCodes
		var suppressed bool
		sp := span{any: true}
		if err := rows.Scan(&k.class, &k.signature, &suppressed, &sp.first, &sp.last); err != nil {
			return nil, err
		}
		s.add(k, suppressed, sp)
	}
	return s, rows.Err()
}

func (s *seen) add(k clusterCodes, suppressed bool, sp span) {
	spans := s.by[k]
	if spans == nil {
		spans = new([2]span)
		s.by[k] = spans
	}
	i := 0
	if suppressed {
		i = 1
	}
	spans[i].add(sp)
}

// note adds records that were committed.
func (s *seen) note(d *dictionary, records []*crash.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		class, _ := d.lookup(colClass, string(r.Finding.Class))
		signature, _ := d.lookup(colSignature, r.Finding.Signature)
		ts := r.Time.UnixMicro()
		s.add(clusterCodes{class, signature}, r.Finding.SuppressedBy != "", span{ts, ts, true})
	}
}

// of returns when a cluster was first and last seen.
func (s *seen) of(k clusterCodes, how query.Suppressed) (first, last time.Time) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	spans := s.by[k]
	if spans == nil {
		return time.Time{}, time.Time{}
	}
	var sp span
	if how != query.SuppressedOnly {
		sp.add(spans[0])
	}
	if how == query.SuppressedOnly || how == query.SuppressedInclude {
		sp.add(spans[1])
	}
	if !sp.any {
		return time.Time{}, time.Time{}
	}
	return fromMicro(sp.first), fromMicro(sp.last)
}
