package store

import (
	"context"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// Retention says what is too old to keep; a zero time keeps everything. The
// parts have retentions of their own: a ledger is kept longest.
type Retention struct {
	Records  time.Time // crashes before are deleted
	Exposure time.Time // slots that begin before are deleted
	Ledger   time.Time // events before are deleted
	// Registers of crashes before are set to "not known" (crash.registers,
	// which exporters send only when opted in); the rest of the crash stays.
	Registers time.Time
}

// Deleted counts what a retention deleted, or would delete.
type Deleted struct {
	Records  int64 `json:"records"`
	Exposure int64 `json:"exposure"`
	Ledger   int64 `json:"ledger"`
	// Registers counts the crashes whose registers were dropped.
	Registers int64 `json:"registers,omitempty"`
}

// Check is the result of looking a store over.
type Check struct {
	Records  int64 `json:"records"`
	Exposure int64 `json:"exposure"`
	Ledger   int64 `json:"ledger"`
	// Sum is a checksum of all rows, whatever their order: equal for a store
	// and its backup.
	Sum string `json:"sum"`
	// Faults say what is wrong, none when all is well.
	Faults []string `json:"faults,omitempty"`
}

// Maintainer is what a store that keeps its own files can do to look after them.
type Maintainer interface {
	// Backup writes a consistent copy to a new file while reads and writes
	// go on. The file appears under its name when it is complete.
	Backup(ctx context.Context, path string) error
	// Verify reads everything and reports what contradicts itself.
	Verify(ctx context.Context) (Check, error)
	// Expire deletes what is too old, or only counts it when dry is set.
	Expire(ctx context.Context, r Retention, dry bool) (Deleted, error)
	// Export writes the crashes of a range, with all their texts, to a new
	// Parquet file.
	Export(ctx context.Context, path string, from, to time.Time) (records int64, err error)
}

// Deleter is a store that can delete crashes by what they are: a person's
// request to be forgotten, a host that sent nonsense.
type Deleter interface {
	// Delete deletes the crashes that a validated request selects by range,
	// filters, cluster and suppression, or only counts them when dry is set.
	// Exposure and ledger stay.
	Delete(ctx context.Context, req query.Request, dry bool) (Deleted, error)
}

// Folder is a store that can keep slots of exposure that follow one another in
// less room. No answer changes by it.
type Folder interface {
	// Fold joins slots that begin before a moment, and returns the number of
	// rows that it saved.
	Fold(ctx context.Context, before time.Time) (saved int64, err error)
}
