package evaluate

import (
	"slices"
)

// part applies the ledger's splits to the rows, in their order.
func (v *view) part() {
	v.parted = map[string][]int32{}
	for _, e := range v.book.Splits() {
		if e.Parting == nil || v.rows[e.Cluster] == nil && v.parted[e.Cluster] == nil {
			continue
		}
		c, read := v.columns[e.Parting.Dimension]
		if !read || len(c.codes) == 0 {
			continue
		}
		var moved, rest []int32
		for _, row := range v.rowsOf(e.Cluster) {
			if slices.Contains(e.Parting.Values, c.values[c.codes[row]]) {
				moved = append(moved, row)
			} else {
				rest = append(rest, row)
			}
		}
		into := v.rowsOf(e.Into)
		v.parted[e.Cluster] = rest
		v.parted[e.Into] = append(slices.Clip(into), moved...)
	}
}

// rowsOf returns the rows of a cluster after splits and before merges.
func (v *view) rowsOf(key string) []int32 {
	if rows, changed := v.parted[key]; changed {
		return rows
	}
	return v.rows[key]
}
