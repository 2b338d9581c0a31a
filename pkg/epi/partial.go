package epi

import "slices"

// leastKnown is the share of the exposure, on the days of the cases, that must
// tell a dimension before the fleet is compared by it. Where half of it does not,
// every value looks twice as frequent among the cases as it is.
const leastKnown = 0.5

// partialReference is the fleet, and the other crashes for the dimensions that
// the exposure does not tell.
type partialReference struct {
	*fleetReference
	rest    *restReference
	unknown []int
}

// of returns the one reference that knows all of a predicate.
func (r *partialReference) of(p Predicate) reference {
	if slices.ContainsFunc(p, func(f Factor) bool { return slices.Contains(r.unknown, f.Dimension) }) {
		return r.rest
	}
	return r.fleetReference
}

func (r *partialReference) mass(p Predicate) float64 { return r.of(p).mass(p) }

func (r *partialReference) raw(p Predicate) float64 { return r.of(p).(rawReference).raw(p) }

func (r *partialReference) values(dimension int) int {
	return r.of(Predicate{{Dimension: dimension}}).values(dimension)
}

// whole returns the reference that knows all of a predicate, where a reference is
// made of two.
func whole(ref reference, p Predicate) reference {
	if part, ok := ref.(*partialReference); ok {
		return part.of(p)
	}
	return ref
}

// untold lists the dimensions that the exposure tells of too small a part of the
// fleet on the days of the cases, although crashes tell them.
func (r *fleetReference) untold(p *Population) []int {
	var dims []int
	for d := range p.in.Dimensions {
		missing := 0.0
		for _, v := range p.missing[d] {
			missing += r.raw(Predicate{{d, v}})
		}
		if 1-missing < leastKnown {
			dims = append(dims, d)
		}
	}
	return dims
}

// missingValues lists the values of each dimension that stand for "not known".
func missingValues(dims []Dimension) [][]int32 {
	codes := make([][]int32, len(dims))
	for d, dim := range dims {
		for v, name := range dim.Values {
			if (Value{Value: name}).Missing() {
				codes[d] = append(codes[d], int32(v))
			}
		}
	}
	return codes
}

// refer chooses what the cases are compared with.
func (f *findings) refer(p *Population) {
	if f.fleet == nil {
		if f.rest != nil {
			f.primary, f.references = f.rest, append(f.references, f.rest.name())
		}
		return
	}
	f.primary, f.references = f.fleet, append(f.references, f.fleet.name())
	if f.rest != nil {
		f.references = append(f.references, f.rest.name())
	}
	f.untold = f.fleet.untold(p)
	switch {
	case len(f.untold) == 0:
	case f.rest == nil:
		f.dims = slices.DeleteFunc(f.dims, func(d int) bool { return slices.Contains(f.untold, d) })
	default:
		f.primary = &partialReference{fleetReference: f.fleet, rest: f.rest, unknown: f.untold}
	}
}
