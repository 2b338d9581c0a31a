// Package open turns a storage URL into a store. It is the only place that names
// every store.
package open

import (
	"context"
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/clickhouse"
	"github.com/epicurve/epicurve/archive/store/duckdb"
)

// Schemes lists the storage schemes with an example of each, for help texts.
func Schemes() []string { return []string{"duckdb:PATH", clickhouse.Example} }

// Scheme returns the scheme of a storage URL, such as "duckdb".
func Scheme(storage string) string {
	scheme, _, _ := strings.Cut(storage, ":")
	return scheme
}

// Store opens the store that a URL names, such as
// "duckdb:/var/lib/epicurve/archive.duckdb" or
// "clickhouse://epicurve@a:8123,b:8123/epicurve?cluster=main".
func Store(ctx context.Context, storage string) (store.Store, error) {
	scheme, rest, ok := strings.Cut(storage, ":")
	switch {
	case ok && scheme == "duckdb":
		return duckdb.Open(ctx, strings.TrimPrefix(rest, "//"), duckdb.Options{})
	case ok && scheme == "clickhouse":
		opt, err := clickhouse.ParseURL(storage)
		if err != nil {
			return nil, err
		}
		return clickhouse.Open(ctx, opt)
	default:
		return nil, fmt.Errorf("storage %q: want one of %s", storage, strings.Join(Schemes(), ", "))
	}
}
