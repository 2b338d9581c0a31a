// Package store is the contract that every store of the crash archive keeps,
// and the errors they share. The conformance suite in storetest holds them to it.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// ErrUnsupported is returned for a question that a store can't answer yet.
var ErrUnsupported = errors.New("unsupported by this store")

// ErrNotFound is returned when a named thing is not in the archive.
var ErrNotFound = errors.New("not found")

// ErrNewerSchema is returned by an opener when the archive was written by a
// newer version of Epicurve.
var ErrNewerSchema = errors.New("archive was written by a newer version")

// DedupeWindow bounds how far apart in time two records with the same id may be
// and still be the same crash: one core may be dated by its name on one path
// and by its file's time on another. A look-up over all time would cost more
// with every year of the archive.
const DedupeWindow = 35 * 24 * time.Hour

// Appended says what became of a batch.
type Appended struct {
	Added      int // new records
	Duplicates int // records whose id was known already
}

// Store keeps the population. All methods are safe for concurrent use, stop
// when their context does, and take requests that were normalized and validated.
type Store interface {
	// Append adds records durably before it returns. Records whose id is
	// known (in the batch or in the store, within DedupeWindow of their
	// time) are counted and left out, so resending is harmless; the first
	// one to come is kept. All or nothing.
	Append(ctx context.Context, records []crash.Record) (Appended, error)
	// AppendExposure adds exposure, idempotent by host and slot start.
	AppendExposure(ctx context.Context, slots []crash.Exposure) (Appended, error)

	Timeseries(ctx context.Context, req query.Request) (query.Timeseries, error)
	// Exposure adds up host-days at risk. Filters and groups name dimensions
	// of exposure (CheckExposure) only.
	Exposure(ctx context.Context, req query.Request) (query.Timeseries, error)
	Clusters(ctx context.Context, req query.Request) (query.Clusters, error)
	Records(ctx context.Context, req query.Request) (query.Records, error)
	// DimensionValues lists a dimension's most frequent values among the
	// crashes that req selects.
	DimensionValues(ctx context.Context, dimension string, req query.Request) (query.DimensionValues, error)

	Populations

	Stats(ctx context.Context) (Stats, error)
	Close() error
}

// Stats describes a store for its self-metrics and /-/ready.
type Stats struct {
	Records  int64
	Exposure int64 // slots
	Bytes    int64 // on disk; -1 when unknown
}
