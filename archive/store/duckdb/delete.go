package duckdb

import (
	"context"
	"fmt"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

var _ store.Deleter = (*Store)(nil)

// Delete deletes in one transaction.
func (s *Store) Delete(ctx context.Context, req query.Request, dry bool) (d store.Deleted, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	where, err := s.selectFacts(req)
	if err != nil {
		return d, err
	}
	err = s.transaction(ctx, func(w *writer) error {
		if err := w.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+tableFacts+where.where(), where.args...).Scan(&d.Records); err != nil {
			return err
		}
		if dry || d.Records == 0 {
			return nil
		}
		if _, err := w.conn.ExecContext(ctx, "DELETE FROM "+tableDetail+" WHERE seq IN (SELECT seq FROM "+tableFacts+where.where()+")", where.args...); err != nil {
			return err
		}
		_, err := w.conn.ExecContext(ctx, "DELETE FROM "+tableFacts+where.where(), where.args...)
		return err
	})
	if err != nil {
		return store.Deleted{}, fmt.Errorf("duckdb: delete: %w", err)
	}
	if dry || d.Records == 0 {
		return d, nil
	}
	return d, s.afterExpire(ctx, d)
}
