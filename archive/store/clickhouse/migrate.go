package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
)

// migrate brings the tables to the wanted shape. Several archives may do so at
// the same time: every step is harmless when another one has done it.
func (s *Store) migrate(ctx context.Context) error {
	if err := s.createDatabase(ctx); err != nil {
		return fmt.Errorf("create it: %w", err)
	}
	layout, err := s.columns(ctx)
	if err != nil {
		return err
	}
	version, err := s.schemaVersion(ctx, layout)
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("%w: its schema is version %d, this build knows up to %d; install the newer build",
			store.ErrNewerSchema, version, schemaVersion)
	}
	for _, t := range tables() {
		if err := s.shape(ctx, t, layout); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	if version == schemaVersion {
		return nil
	}
	var row rowEncoder
	row.int64(schemaVersion)
	row.uint64(schemaVersion)
	if err := s.insert(ctx, tables()[0], row.b); err != nil {
		return fmt.Errorf("write schema version: %w", err)
	}
	return nil
}

// createDatabase creates the database when it is not there; a user that may not
// create one needs an existing one.
func (s *Store) createDatabase(ctx context.Context) error {
	answer, err := s.c.run(ctx, statement{sql: "SELECT count() FROM system.databases WHERE name = " + quote(s.opt.Database) + " FORMAT TabSeparated", tries: 3})
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(answer)) != "0" {
		return nil
	}
	_, err = s.c.run(ctx, statement{sql: "CREATE DATABASE IF NOT EXISTS " + name(s.opt.Database) + s.onCluster(), tries: 3})
	return err
}

// schemaVersion returns the version of the tables, 0 when there are none.
func (s *Store) schemaVersion(ctx context.Context, layout map[string][]string) (int64, error) {
	if len(layout[tableMeta]) == 0 {
		return 0, nil
	}
	v, err := s.reading().number(ctx, "SELECT toInt64(max(version)) FROM "+tableMeta)
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return v, nil
}

// shape creates a table or adds the columns that it lacks. A column that this
// build does not know was made by a newer one.
func (s *Store) shape(ctx context.Context, t table, layout map[string][]string) error {
	known := make(map[string]bool)
	for _, c := range t.columns {
		known[c.name] = true
	}
	for _, statement := range s.definitions(t) {
		have, there := layout[statement.table]
		if !there {
			if err := s.exec(ctx, statement.create); err != nil && code(err) != codeTableExists {
				return err
			}
			continue
		}
		has := make(map[string]bool)
		for _, name := range have {
			if !known[name] {
				return fmt.Errorf("%w: column %s is not known to this build", store.ErrNewerSchema, name)
			}
			has[name] = true
		}
		for _, c := range t.columns {
			if has[c.name] {
				continue
			}
			err := s.exec(ctx, "ALTER TABLE "+name(statement.table)+s.onCluster()+" ADD COLUMN "+c.name+" "+s.columnType(c))
			if err != nil && code(err) != codeDuplicateColumn && code(err) != codeColumnExists {
				return fmt.Errorf("add column %s: %w", c.name, err)
			}
		}
	}
	return nil
}

// columns returns the columns of every table of the database.
func (s *Store) columns(ctx context.Context) (map[string][]string, error) {
	layout := make(map[string][]string)
	err := s.reading().rows(ctx, "SELECT table, name FROM system.columns WHERE database = "+quote(s.opt.Database), func(d *rowDecoder) {
		table, name := d.text(), d.text()
		layout[table] = append(layout[table], name)
	})
	if err != nil {
		return nil, fmt.Errorf("read the columns: %w", err)
	}
	return layout, nil
}

// definition is one CREATE TABLE.
type definition struct{ table, create string }

// local names the part of a distributed table that a node holds itself.
func local(table string) string { return table + "_local" }

func (s *Store) onCluster() string {
	if s.opt.Cluster == "" {
		return ""
	}
	return " ON CLUSTER " + name(s.opt.Cluster)
}

// columnType returns the type of a column. Servers before 19.1 call
// LowCardinality an experiment, and have no way to allow it on a whole cluster.
func (s *Store) columnType(c columnDef) string {
	if c.sqlType == typeCoded && s.opt.Cluster != "" && !s.server.since(19, 1) {
		return typeText
	}
	return c.sqlType
}

// definitions returns the statements that make a table: one for the rows, and on
// a cluster one for the view over all shards.
func (s *Store) definitions(t table) []definition {
	var cols []string
	for _, c := range t.columns {
		cols = append(cols, c.name+" "+s.columnType(c))
	}
	shape := " (" + strings.Join(cols, ", ") + ") ENGINE = "
	create := func(table string) string { return "CREATE TABLE IF NOT EXISTS " + name(table) + s.onCluster() }
	keys := ""
	if t.part != "" {
		keys = " PARTITION BY " + t.part
	}
	keys += " ORDER BY (" + t.order + ")" + s.tableSettings()
	switch {
	case s.opt.Cluster == "":
		return []definition{{t.name, create(t.name) + shape + "ReplacingMergeTree(ver)" + keys}}
	case t.shard == "":
		return []definition{{t.name, create(t.name) + shape + s.replicated(t.name, "", "{shard}-{replica}") + keys}}
	default:
		rows := local(t.name)
		return []definition{
			{rows, create(rows) + shape + s.replicated(t.name, "/{shard}", "{replica}") + keys},
			{t.name, create(t.name) + shape + "Distributed(" + name(s.opt.Cluster) + ", " + name(s.opt.Database) + ", " + name(rows) + ", " + t.shard + ")"},
		}
	}
}

// replicated names a table's place in ZooKeeper or Keeper. {shard} and {replica}
// are macros of the servers' configuration.
func (s *Store) replicated(table, shard, replica string) string {
	path := s.opt.Path + "/" + s.opt.Database + "/" + table + shard
	return "ReplicatedReplacingMergeTree(" + quote(path) + ", " + quote(replica) + ", ver)"
}

// tableSettings ask for rows that are on disk when an insert is acknowledged,
// which servers older than 20.10 can't do: they leave it to the file system.
func (s *Store) tableSettings() string {
	if s.server.since(20, 10) {
		return " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
	}
	return ""
}
