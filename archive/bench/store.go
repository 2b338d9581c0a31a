package bench

import (
	"context"
	"time"
)

// Store fills a new file of the embedded store with the bench's population of n
// records, spread over the year before the present hour.
func Store(ctx context.Context, path string, n int) error {
	end := time.Now().UTC().Truncate(time.Hour)
	_, err := fill(ctx, "duckdb:"+path, newPopulation(end.Add(-year), year, n), n)
	return err
}
