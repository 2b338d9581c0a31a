package characteristics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/epicurve/epicurve/pkg/epi"
)

// dimensions of the synthetic fleet.
const (
	dimHost = iota
	dimRegion
	dimBuild
	dimKernel
	dimCPU
	dimType
	dimService
	dims
)

// fleet is a synthetic fleet.
type fleet struct {
	codes   [fleetHosts][dims]int32 // build and kernel excepted
	traffic []float64               // cumulative
}

// newFleet draws a fleet whose traffic per host varies with a log-σ of 0.35.
func newFleet(r *rand.Rand, busy bool) *fleet {
	f := &fleet{traffic: make([]float64, fleetHosts)}
	for h := range f.codes {
		c := &f.codes[h]
		c[dimHost] = int32(h)
		c[dimRegion] = pick(r, 0.15, 0.25, 0.2, 0.2, 0.2)
		c[dimCPU] = pick(r, 0.35, 0.4, 0.25)
		c[dimType] = c[dimCPU]*2 + pick(r, 0.5, 0.5)
		c[dimService] = pick(r, 0.6, 0.4)
	}
	total := 0.0
	for h := range f.traffic {
		f.traffic[h] = math.Exp(0.35 * r.NormFloat64())
		total += f.traffic[h]
	}
	if busy {
		f.traffic[fleetHosts-1] = (total - f.traffic[fleetHosts-1]) * busyTraffic / (1 - busyTraffic)
	}
	for h := 1; h < fleetHosts; h++ {
		f.traffic[h] += f.traffic[h-1]
	}
	return f
}

func pick(r *rand.Rand, shares ...float64) int32 {
	x := r.Float64()
	for i, s := range shares {
		if x < s {
			return int32(i)
		}
		x -= s
	}
	return int32(len(shares) - 1)
}

// host draws a host by traffic.
func (f *fleet) host(r *rand.Rand) int {
	i, _ := slices.BinarySearch(f.traffic, r.Float64()*f.traffic[fleetHosts-1])
	return min(i, fleetHosts-1)
}

// kernelOf: half of the hosts change kernel in the middle of the window.
func kernelOf(host, day int) int32 {
	if host%4 == 0 || host%4 == 1 && day >= fleetDays/2 {
		return 1
	}
	return 0
}

func buildOf(day int) int32 { return int32(day / 7) }

// at returns all codes of a host on a day.
func (f *fleet) at(host, day int) [dims]int32 {
	c := f.codes[host]
	c[dimBuild], c[dimKernel] = buildOf(day), kernelOf(host, day)
	return c
}

// input is the fleet's exposure, every host equal: its traffic is not known.
func (f *fleet) input() epi.Input {
	in := epi.Input{From: firstDay, To: firstDay + fleetDays, Exposure: &epi.Exposure{Codes: make([][]int32, dims)}}
	names := [dims]string{"host", "region", "build", "kernel", "cpu_model", "instance_type", "service"}
	values := [dims]int{fleetHosts, 5, fleetDays/7 + 1, 2, 3, 6, 2}
	for d, name := range names {
		dim := epi.Dimension{Name: name}
		for v := range values[d] {
			dim.Values = append(dim.Values, fmt.Sprint(name, v))
		}
		in.Dimensions = append(in.Dimensions, dim)
	}
	in.Dimensions[dimHost].Role, in.Dimensions[dimBuild].Role, in.Dimensions[dimService].Role = epi.RoleHost, epi.RoleBuild, epi.RoleService
	in.Crashes.Codes = make([][]int32, dims)
	in.Crashes.Class.Values, in.Crashes.Signature.Values = []string{"other"}, nil
	e := in.Exposure
	for day := range fleetDays {
		for host := range fleetHosts {
			e.Day, e.Weight = append(e.Day, int32(firstDay+day)), append(e.Weight, 1)
			for d, v := range f.at(host, day) {
				e.Codes[d] = append(e.Codes[d], v)
			}
		}
	}
	return in
}

func appendCase(in *epi.Input, signature int32, codes [dims]int32, t float64) {
	c := &in.Crashes
	c.Time = append(c.Time, firstDay+t)
	c.Class.Codes, c.Signature.Codes = append(c.Class.Codes, 0), append(c.Signature.Codes, signature)
	for d, v := range codes {
		c.Codes[d] = append(c.Codes[d], v)
	}
}
