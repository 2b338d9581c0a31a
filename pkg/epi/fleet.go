package epi

import (
	"encoding/binary"
	"math"
)

// fleet is the exposure, prepared so that one cluster's calendar-matched
// reference costs the days of the cluster, not the hosts of the fleet. Hosts
// with the same attributes are one stratum; single machines keep their own
// lists, which are looked at only for machines that crashed.
type fleet struct {
	first int32     // day of total[0]
	total []float64 // exposure of each day
	rate  []float64 // exposure running, total over the covered part of the day
	// strata[d][s] is the value of attribute d in stratum s; nil for machines.
	strata [][]int32
	count  int // strata
	units  int // distinct combinations of values, machines included
	// daily[day] are the strata exposed that day with their share of it.
	daily [][]stratumShare
	// machines[d][v] lists the days of machine v, for identity dimensions.
	machines [][][]machineDay
	codes    [][]int32 // of the exposure's entries
	// exposed[d] is the number of values with any exposure.
	exposed []int
	// present[d][v] is the first day on which v was exposed, -1 if never.
	present [][]int32
	// determines[d][e]: a value of d has only one value of e.
	determines [][]bool
}

type stratumShare struct {
	stratum int32
	share   float64
}

// machineDay is an entry of the exposure.
type machineDay struct {
	day, entry int32
	share      float64
}

// newFleet sums the exposure, taking out what outages hid.
func newFleet(in Input) *fleet {
	e := in.Exposure
	f := &fleet{codes: e.Codes}
	last := e.Day[0]
	f.first = e.Day[0]
	for _, d := range e.Day {
		f.first, last = min(f.first, d), max(last, d)
	}
	// a fleet that stopped reporting has no exposure until the window's end
	last = max(last, int32(math.Ceil(in.To))-1)
	weights := visibleWeights(in)
	f.total = make([]float64, last-f.first+1)
	for i, w := range weights {
		f.total[e.Day[i]-f.first] += w
	}
	f.rate = make([]float64, len(f.total))
	for i, w := range f.total {
		day := float64(f.first) + float64(i)
		covered := math.Min(day+1, in.To) - math.Max(day, in.From)
		if covered > 1e-6 {
			f.rate[i] = w / covered
		}
	}
	ids := f.cutStrata(in)
	f.addDaily(e, weights, ids)
	f.addMachines(in, weights)
	f.addValues(in, weights)
	return f
}

// visibleWeights returns the exposure of each entry that outages leave.
func visibleWeights(in Input) []float64 {
	e := in.Exposure
	if len(in.Outages) == 0 {
		return e.Weight
	}
	weights := make([]float64, len(e.Weight))
	for i, w := range e.Weight {
		day, hidden := float64(e.Day[i]), 0.0
		for _, o := range in.Outages {
			overlap := math.Min(day+1, o.To) - math.Max(day, o.From)
			if overlap > 0 && o.Scope.matches(e.Codes, i) {
				hidden += overlap * (1 - o.Seen)
			}
		}
		weights[i] = w * math.Max(0, 1-hidden)
	}
	return weights
}

func (p Predicate) matches(codes [][]int32, row int) bool {
	for _, f := range p {
		if codes[f.Dimension][row] != f.Value {
			return false
		}
	}
	return true
}

// cutStrata numbers the combinations of attribute values and returns the number
// of each entry.
func (f *fleet) cutStrata(in Input) []int32 {
	e := in.Exposure
	f.strata = make([][]int32, len(in.Dimensions))
	numbers, units := map[string]int32{}, map[string]struct{}{}
	ids := make([]int32, len(e.Day))
	key := make([]byte, 0, 4*len(in.Dimensions))
	for i := range e.Day {
		key = key[:0]
		for d, dim := range in.Dimensions {
			if !dim.Role.identity() {
				key = binary.LittleEndian.AppendUint32(key, uint32(e.Codes[d][i]))
			}
		}
		id, known := numbers[string(key)]
		if !known {
			id = int32(f.count)
			f.count++
			numbers[string(key)] = id
			for d, dim := range in.Dimensions {
				if !dim.Role.identity() {
					f.strata[d] = append(f.strata[d], e.Codes[d][i])
				}
			}
		}
		ids[i] = id
		for d, dim := range in.Dimensions {
			if dim.Role.identity() {
				key = binary.LittleEndian.AppendUint32(key, uint32(e.Codes[d][i]))
			}
		}
		if _, known := units[string(key)]; !known {
			units[string(key)] = struct{}{}
		}
	}
	f.units = len(units)
	if in.Unit != "" {
		f.units = max(f.units, unitsOfADay(e))
	}
	return ids
}

// unitsOfADay is the mean exposure of a day, where each unit of it is one at risk,
// such as a run: one stratum holds many of them.
func unitsOfADay(e *Exposure) int {
	days, sum := map[int32]struct{}{}, 0.0
	for i, w := range e.Weight {
		days[e.Day[i]] = struct{}{}
		sum += w
	}
	return int(math.Min(sum/math.Max(1, float64(len(days))), math.MaxInt32))
}

// addDaily sums each day's exposure over its strata.
func (f *fleet) addDaily(e *Exposure, weights []float64, ids []int32) {
	byDay := make([][]int32, len(f.total)) // entries of each day
	for i, d := range e.Day {
		byDay[d-f.first] = append(byDay[d-f.first], int32(i))
	}
	f.daily = make([][]stratumShare, len(f.total))
	share := make([]float64, f.count)
	var touched []int32
	for day, entries := range byDay {
		for _, i := range entries {
			if weights[i] == 0 {
				continue
			}
			if share[ids[i]] == 0 {
				touched = append(touched, ids[i])
			}
			share[ids[i]] += weights[i] / f.total[day]
		}
		for _, s := range touched {
			f.daily[day] = append(f.daily[day], stratumShare{s, share[s]})
			share[s] = 0
		}
		touched = touched[:0]
	}
}

// addMachines lists the days of every single machine.
func (f *fleet) addMachines(in Input, weights []float64) {
	e := in.Exposure
	f.machines = make([][][]machineDay, len(in.Dimensions))
	for d, dim := range in.Dimensions {
		if !dim.Role.identity() {
			continue
		}
		f.machines[d] = make([][]machineDay, len(dim.Values))
		for i, v := range e.Codes[d] {
			if weights[i] > 0 {
				f.machines[d][v] = append(f.machines[d][v], machineDay{e.Day[i], int32(i), weights[i] / f.total[e.Day[i]-f.first]})
			}
		}
	}
}

// addValues finds when each value was exposed, and which dimensions determine
// which.
func (f *fleet) addValues(in Input, weights []float64) {
	dims, e := len(in.Dimensions), in.Exposure
	f.exposed = make([]int, dims)
	f.present = make([][]int32, dims)
	f.determines = make([][]bool, dims)
	for d := range dims {
		values := len(in.Dimensions[d].Values)
		f.present[d] = filled(values, -1)
		for i, v := range e.Codes[d] {
			if weights[i] == 0 {
				continue
			}
			if day := e.Day[i]; f.present[d][v] < 0 || day < f.present[d][v] {
				f.present[d][v] = day
			}
		}
		for _, day := range f.present[d] {
			if day >= 0 {
				f.exposed[d]++
			}
		}
		f.determines[d] = make([]bool, dims)
		for other := range dims {
			f.determines[d][other] = other == d || determined(e.Codes[d], e.Codes[other], values)
		}
	}
}

// determined reports whether every value of column a comes with one value of b.
func determined(a, b []int32, values int) bool {
	only := filled(values, -1)
	for i, v := range a {
		switch only[v] {
		case -1:
			only[v] = b[i]
		case b[i]:
		default:
			return false
		}
	}
	return true
}

func filled(n int, v int32) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = v
	}
	return s
}
