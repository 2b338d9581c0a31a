package store

import (
	"context"

	"github.com/epicurve/epicurve/pkg/query"
)

// PopulationRequest says which part of the archive is wanted as columns.
// Suppressed records are left out.
type PopulationRequest struct {
	Range query.Range
	// Dimensions are names of crash.Dimensions, in the order of the columns.
	Dimensions []string
	// Filters select crashes; exposure is not filtered.
	Filters []query.Filter
}

// Population is the archive as parallel columns of codes: all that statistics
// look at, a few dozen bytes a crash. A code is an index into the dictionary of
// its column; crashes and exposure share the dictionaries of the dimensions.
type Population struct {
	Class, Signature []string // dictionaries
	// Source, Signal, Boot and Executable are the dictionaries of the columns of
	// crashes of those names: crash.source, crash.signal, host.boot_id and
	// process.executable.name.
	Source, Signal, Boot, Executable []string
	Values                           [][]string // Values[d] is the dictionary of dimension d
	Crashes                          PopulationCrashes
	Exposure                         PopulationExposure
	Limits                           []PopulationLimit
}

// PopulationCrashes has one entry a crash, in ascending order of time, then of id.
type PopulationCrashes struct {
	Time             []int64 // microseconds since the Unix epoch
	Class, Signature []int32
	Codes            [][]int32 // Codes[d][i] is the value of dimension d
	HostUptime       []int64   // seconds, -1 where unknown

	// Received is when the archive took the record, by its own clock, in
	// microseconds since the Unix epoch; -1 where a store does not know.
	Received                         []int64
	PID                              []int64 // -1 where unknown
	Source, Signal, Boot, Executable []int32
}

// PopulationLimit is a host and UTC day on which crashes had to wait because
// their user had reached the exporter's limit, in ascending order of days, then
// of hosts. A slot belongs to the day and range that it begins in.
type PopulationLimit struct {
	Day  int32   // days since the Unix epoch
	Host string  // HostKey
	Days float64 // host-days at the limit
}

// PopulationExposure has one entry for each UTC day and combination of values
// of a host, in ascending order of days; a slot that names the builds of its
// services adds to one entry for each build, by its running time, any other slot
// adds its covered time. Slots are cut at midnight and at the ends of the range.
// Dimensions that exposure doesn't know have the value "". Entries of less than
// LeastExposure are left out.
type PopulationExposure struct {
	Day        []int32   // days since the Unix epoch
	Days       []float64 // host-days
	Codes      [][]int32
	HostUptime []int64 // seconds, of the day's last slot that knows it, else -1
}

// Populations is the part of a store that the evaluation reads.
type Populations interface {
	// Population returns the columns of a range.
	Population(ctx context.Context, req PopulationRequest) (Population, error)
	// Version changes whenever records, exposure or ledger events were
	// added, so that evaluations can be kept until then.
	Version(ctx context.Context) (int64, error)
	// LedgerEvents returns every event of the ledger, by time, then id.
	LedgerEvents(ctx context.Context) ([]query.LedgerEvent, error)
	// AppendLedger adds events durably, idempotent by id.
	AppendLedger(ctx context.Context, events []query.LedgerEvent) (Appended, error)
}
