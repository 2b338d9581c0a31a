package clickhouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// insertTries is how often an insert goes round all hosts.
const insertTries = 6

// insert adds rows of a table in RowBinary. When an answer is lost it sends the
// same bytes again: a replicated table knows the block by its content, a newer
// server by its token, and to readers rows of the same key are one anyway.
func (s *Store) insert(ctx context.Context, t table, rows []byte) error {
	if len(rows) == 0 {
		return nil
	}
	hash := sha256.Sum256(rows)
	_, err := s.c.run(ctx, statement{
		sql:  "INSERT INTO " + name(t.name) + " (" + t.columnNames() + ") FORMAT RowBinary",
		rows: rows, database: s.opt.Database, settings: s.writeSettings(hex.EncodeToString(hash[:])), tries: insertTries,
	})
	if err != nil {
		return fmt.Errorf("insert into %s: %w", t.name, err)
	}
	return nil
}

// tableOf returns a table by its name.
func tableOf(name string) table {
	all := tables()
	return all[slices.IndexFunc(all, func(t table) bool { return t.name == name })]
}
