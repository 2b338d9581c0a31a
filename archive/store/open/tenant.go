package open

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/clickhouse"
	"github.com/epicurve/epicurve/archive/store/duckdb"
)

// Tenant opens the store of one tenant of the archive at a storage URL. It is
// apart from that of the archive itself and of every other tenant: a file
// tenants/NAME.duckdb beside a DuckDB file, a database of its own in ClickHouse.
// memory bounds what the store takes,
// such as "128MB", where the store runs inside of this process.
func Tenant(ctx context.Context, storage, name, memory string) (store.Store, error) {
	scheme, rest, ok := strings.Cut(storage, ":")
	switch {
	case ok && scheme == "duckdb":
		path := filepath.Join(filepath.Dir(strings.TrimPrefix(rest, "//")), "tenants", name+".duckdb")
		return duckdb.Open(ctx, path, duckdb.Options{MemoryLimit: memory, Threads: 1})
	case ok && scheme == "clickhouse":
		opt, err := clickhouse.ParseURL(storage)
		if err != nil {
			return nil, err
		}
		opt.Database = clickhouse.TenantDatabase(opt.Database, name)
		return clickhouse.Open(ctx, opt)
	default:
		return nil, fmt.Errorf("storage %s: tenants: %w", Scheme(storage), store.ErrUnsupported)
	}
}
