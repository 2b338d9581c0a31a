package query

import "time"

// Status answers /api/v1/status: enough for a health check to say what is wrong.
type Status struct {
	Version  string    `json:"version"`
	Storage  string    `json:"storage"` // scheme of the store, such as "duckdb"
	Records  int64     `json:"records"`
	Exposure int64     `json:"exposure"` // host-slots
	Now      time.Time `json:"now"`      // the archive's clock, to measure skew
}

// Dimensions answers /api/v1/dimensions.
type Dimensions struct {
	Dimensions []DimensionInfo `json:"dimensions"`
}
