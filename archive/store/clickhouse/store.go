// Package clickhouse keeps the crash archive in a ClickHouse server or cluster,
// over its HTTP interface: for archives that outgrow one machine, and for several
// archives before one store. The statements are those that servers from 18.16
// (Debian's) to 26.7 understand alike; schema.go has the tables.
package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Store keeps the population in one database of a ClickHouse. It is safe for
// concurrent use, also by several processes.
type Store struct {
	c      *client
	opt    Options
	now    func() time.Time
	server server
	health health

	records  *committer[crash.Record]
	exposure *committer[crash.Exposure]
	ledger   *committer[query.LedgerEvent]
	runs     *committer[crash.Runs]
}

var _ store.Store = (*Store)(nil)

// Open reaches the ClickHouse, creates what is missing, and brings the tables to
// this build's schema.
func Open(ctx context.Context, opt Options) (*Store, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	c, err := newClient(opt)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	s := &Store{c: c, opt: opt, now: time.Now}
	if err := s.prepare(ctx); err != nil {
		c.close()
		return nil, fmt.Errorf("clickhouse: database %s: %w", opt.Database, err)
	}
	s.records = newCommitter(s.commitRecords, opt.Pause)
	s.exposure = newCommitter(s.commitExposure, opt.Pause)
	s.ledger = newCommitter(s.commitLedger, -1)
	s.runs = newCommitter(s.commitRuns, opt.Pause)
	return s, nil
}

func (s *Store) prepare(ctx context.Context) (err error) {
	if s.server, err = s.inspect(ctx); err != nil {
		return err
	}
	return s.migrate(ctx)
}

// Close waits for what is being written.
func (s *Store) Close() error {
	s.records.close()
	s.exposure.close()
	s.ledger.close()
	s.runs.close()
	s.c.close()
	return nil
}

// reading is one question on its way to an answer, which takes several
// statements.
type reading struct {
	s     *Store
	began time.Time
	// partial is set when a shard of the cluster did not answer.
	partial bool
}

func (s *Store) reading() *reading { return &reading{s: s, began: time.Now()} }

// partialNotice tells a reader what a partial answer lacks.
const partialNotice = "A part of the ClickHouse cluster did not answer; its crashes are missing here."

// meta describes the answer that was put together from a reading's rows.
func (r *reading) meta(ctx context.Context) (query.Meta, error) {
	if r.s.opt.Cluster == "" {
		return query.Meta{}, nil
	}
	if r.partial {
		return query.Meta{Partial: true, Notices: []string{partialNotice}}, nil
	}
	behind, notices, err := r.s.health.check(ctx, r)
	if err != nil {
		return query.Meta{}, fmt.Errorf("state of the replicas: %w", err)
	}
	return query.Meta{Partial: behind, Notices: notices}, nil
}

// maxRows bounds the rows that one statement returns; a question that needs more
// is refused rather than answered in part.
const maxRows = 5_000_000

// rows asks for rows and hands them over one by one. A statement is asked of the
// whole cluster first; only when a shard can't be reached it is asked of the
// others, and the answer is marked.
func (r *reading) rows(ctx context.Context, sql string, each func(*rowDecoder)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	st := statement{sql: sql + " FORMAT RowBinary", database: r.s.opt.Database, settings: r.s.readSettings(r.partial), tries: 2}
	answer, err := r.s.c.run(ctx, st)
	if err != nil && !r.partial && r.s.opt.Cluster != "" && shardMissing(err) {
		r.partial = true
		st.settings = r.s.readSettings(true)
		answer, err = r.s.c.run(ctx, st)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return err
	}
	d := &rowDecoder{b: answer}
	for d.more() {
		each(d)
	}
	return d.err
}

// exec runs a statement that returns nothing.
func (s *Store) exec(ctx context.Context, sql string) error {
	_, err := s.c.run(ctx, statement{sql: sql, database: s.opt.Database, settings: s.ddlSettings(), tries: 2})
	return err
}

// number asks for one number.
func (r *reading) number(ctx context.Context, sql string) (n int64, err error) {
	err = r.rows(ctx, sql, func(d *rowDecoder) { n = d.int64() })
	return n, err
}

// Stats counts rows and bytes on disk. Rows that wait to be merged with one of
// the same key are counted twice.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	st := store.Stats{}
	err := s.reading().rows(ctx, "SELECT toInt64(count()), toInt64(0) FROM "+tableCrashes+" UNION ALL SELECT toInt64(count()), toInt64(1) FROM "+tableExposure,
		func(d *rowDecoder) {
			if n := d.int64(); d.int64() == 0 {
				st.Records = n
			} else {
				st.Exposure = n
			}
		})
	if err == nil {
		parts := "system.parts"
		if s.opt.Cluster != "" {
			parts = "cluster(" + quote(s.opt.Cluster) + ", system.parts)"
		}
		st.Bytes, err = s.reading().number(ctx, "SELECT toInt64(sum(bytes_on_disk)) FROM "+parts+" WHERE active AND database = "+quote(s.opt.Database))
	}
	if err != nil {
		return store.Stats{}, fmt.Errorf("clickhouse: stats: %w", err)
	}
	return st, nil
}

// Version is a sum over what tells of every insert: the rows of each table and
// when the last one was received, by whichever archive.
func (s *Store) Version(ctx context.Context) (int64, error) {
	v, err := s.reading().number(ctx, "SELECT toInt64(sum(v)) FROM ("+
		"SELECT cityHash64(1, count(), max(received)) AS v FROM "+tableCrashes+
		" UNION ALL SELECT cityHash64(2, count(), max(received)) AS v FROM "+tableExposure+
		" UNION ALL SELECT cityHash64(3, count(), max(received)) AS v FROM "+tableLedger+
		" UNION ALL SELECT cityHash64(4, count(), max(received)) AS v FROM "+tableRuns+")")
	if err != nil {
		return 0, fmt.Errorf("clickhouse: version: %w", err)
	}
	return v, nil
}

func fromMicro(us int64) time.Time { return time.UnixMicro(us).UTC() }
