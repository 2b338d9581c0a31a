package duckdb

import "time"

func fromMicro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// cell receives one value of a group-by column: a code or a text.
type cell struct {
	code int64
	text string
}

// target returns where to scan the cell of a dimension.
func (c *cell) target(d dimension) any {
	if d.text {
		return &c.text
	}
	return &c.code
}

// value returns the text of a scanned cell.
func (s *Store) value(d dimension, c cell) string {
	if d.text {
		return c.text
	}
	return s.dict.value(d.column, int32(c.code))
}
