package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// server is what this store needs to know of the ClickHouse that it speaks to.
type server struct {
	major, minor int
}

// inspect asks for the version.
func (s *Store) inspect(ctx context.Context) (server, error) {
	answer, err := s.c.run(ctx, statement{sql: "SELECT version() FORMAT TabSeparated", tries: 3})
	if err != nil {
		return server{}, fmt.Errorf("reach ClickHouse: %w", err)
	}
	return parseVersion(strings.TrimSpace(string(answer)))
}

func parseVersion(text string) (v server, err error) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) < 2 {
		return server{}, fmt.Errorf("version %q of ClickHouse: want MAJOR.MINOR", text)
	}
	if v.major, err = strconv.Atoi(parts[0]); err == nil {
		v.minor, err = strconv.Atoi(parts[1])
	}
	if err != nil {
		return server{}, fmt.Errorf("version %q of ClickHouse: %w", text, err)
	}
	if !v.since(18, 16) {
		return server{}, fmt.Errorf("ClickHouse is version %s; at least 18.16 is needed", text)
	}
	return v, nil
}

// since reports whether the server is of a version or newer.
func (v server) since(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// readSettings are those of every SELECT.
func (s *Store) readSettings(partial bool) map[string]string {
	set := map[string]string{"max_result_rows": strconv.Itoa(maxRows), "max_query_size": maxStatement}
	if s.opt.Cluster == "" {
		return set
	}
	maps.Copy(set, clusterSettings)
	if partial {
		set["skip_unavailable_shards"] = "1"
	}
	return set
}

// clusterSettings keep reads and writes of one record on the same replica, as
// long as it is there, so that a record is seen as soon as it is acknowledged.
var clusterSettings = map[string]string{
	"load_balancing":                            "in_order",
	"connect_timeout_with_failover_ms":          "1000",
	"max_replica_delay_for_distributed_queries": "5",
}

// writeSettings are those of every INSERT. An insert into a cluster returns when
// the shards have it.
func (s *Store) writeSettings(token string) map[string]string {
	set := map[string]string{}
	if s.opt.Cluster != "" {
		maps.Copy(set, clusterSettings)
		set["insert_distributed_sync"] = "1"
		if s.opt.Quorum > 0 {
			set["insert_quorum"] = strconv.Itoa(s.opt.Quorum)
		}
	}
	if s.server.since(19, 1) {
		set["max_partitions_per_insert_block"] = "0"
	}
	if s.server.since(22, 3) {
		set["insert_deduplication_token"] = token
	}
	if s.server.since(21, 11) {
		set["async_insert"] = "0" // an answer says that the rows are there
	}
	return set
}

// maxStatement allows for a request's longest filters, in bytes.
const maxStatement = "16777216"

// ddlSettings are those of statements that make or alter tables, also by filters.
func (s *Store) ddlSettings() map[string]string {
	set := map[string]string{"max_query_size": maxStatement}
	if !s.server.since(19, 1) {
		set["allow_experimental_low_cardinality_type"] = "1"
	}
	return set
}
