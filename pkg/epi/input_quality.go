package epi

import (
	"fmt"
	"math"
)

// validateQuality checks the columns that tell how good the data are.
func (in Input) validateQuality(rows int) error {
	c := in.Crashes
	for name, n := range map[string]int{"repeats": len(c.Repeat), "witnesses": len(c.Core), "programs": len(c.Program)} {
		if n != 0 && n != rows {
			return fmt.Errorf("%w: %d %s for %d crashes", ErrInvalid, n, name, rows)
		}
	}
	for row, w := range c.Core {
		if w > WitnessLog {
			return fmt.Errorf("%w: row %d has witness %d", ErrInvalid, row, w)
		}
	}
	if !(in.Late >= 0) || math.IsInf(in.Late, 0) {
		return fmt.Errorf("%w: rows that come %v days late", ErrInvalid, in.Late)
	}
	if len(in.Limits) == 0 {
		return nil
	}
	hosts := -1
	for _, d := range in.Dimensions {
		if d.Role == RoleHost {
			hosts = len(d.Values)
		}
	}
	for i, l := range in.Limits {
		if l.Host < 0 || int(l.Host) >= hosts || !(l.Days >= 0) || math.IsInf(l.Days, 0) {
			return fmt.Errorf("%w: limit %d is %v host-days on host %d of %d", ErrInvalid, i, l.Days, l.Host, max(hosts, 0))
		}
	}
	return nil
}
