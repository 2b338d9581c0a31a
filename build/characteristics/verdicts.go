package characteristics

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/pkg/epi"
)

// sizes are the numbers of episodes at which verdicts are measured.
var sizes = []int{5, 10, 15, 20, 30, 50}

// Verdicts counts the verdicts on one kind of cluster, by number of episodes.
type Verdicts struct {
	Scenario string
	// Wrong, Right and Open (insufficient) are shares at each of sizes.
	Wrong, Right, Open []float64
	Clusters           int // at each size
}

// fleetShape is the fleet of section 9.4: 400 hosts in 7 regions, one of which
// holds 15 %, three CPU models, one with 35 %, two kernels.
const (
	fleetHosts    = 400
	fleetDays     = 60
	otherRows     = 12_000 // scattered crashes of other clusters
	otherClusters = 40
	batch         = 40 // clusters of each kind and size in one archive
	firstDay      = 20240
	busyTraffic   = 0.15 // share of all traffic on the busy host
)

// scenario draws the host and day of each case of one cluster, and says which
// values a right verdict names; none means scattered.
type scenario struct {
	name string
	busy bool // one host has 15 % of the traffic, unknown to the exposure
	want func(f *fleet, target int) map[int]int32
	draw func(f *fleet, r *rand.Rand, target int) (host, day int)
}

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

func scenarios() []scenario {
	scattered := func(*fleet, int) map[int]int32 { return nil }
	anywhere := func(f *fleet, r *rand.Rand, _ int) (int, int) { return f.host(r), r.IntN(fleetDays) }
	within := func(keep func(f *fleet, host, day, target int) bool) func(*fleet, *rand.Rand, int) (int, int) {
		return func(f *fleet, r *rand.Rand, target int) (int, int) {
			for {
				if host, day := anywhere(f, r, target); keep(f, host, day, target) {
					return host, day
				}
			}
		}
	}
	return []scenario{
		{name: "one host", want: oneHost, draw: func(_ *fleet, r *rand.Rand, target int) (int, int) { return target, r.IntN(fleetDays) }},
		{name: "host with 85 %", want: oneHost, draw: func(f *fleet, r *rand.Rand, target int) (int, int) {
			if r.Float64() < 0.85 {
				return target, r.IntN(fleetDays)
			}
			return anywhere(f, r, target)
		}},
		{name: "region (15 %)", want: func(*fleet, int) map[int]int32 { return map[int]int32{dimRegion: 0} },
			draw: within(func(f *fleet, host, _, _ int) bool { return f.codes[host][dimRegion] == 0 })},
		{name: "CPU (35 %)", want: func(*fleet, int) map[int]int32 { return map[int]int32{dimCPU: 0} },
			draw: within(func(f *fleet, host, _, _ int) bool { return f.codes[host][dimCPU] == 0 })},
		{name: "kernel+CPU pair", want: func(*fleet, int) map[int]int32 { return map[int]int32{dimCPU: 0, dimKernel: 1} },
			draw: within(func(f *fleet, host, day, _ int) bool { return f.codes[host][dimCPU] == 0 && kernelOf(host, day) == 1 })},
		{name: "scattered", want: scattered, draw: anywhere},
		{name: "scattered, a host with 15 % of traffic", busy: true, want: scattered, draw: anywhere},
	}
}

func oneHost(_ *fleet, target int) map[int]int32 { return map[int]int32{dimHost: int32(target)} }

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

// MeasureVerdicts evaluates about the given number of clusters of each kind
// and size.
func MeasureVerdicts(ctx context.Context, clusters int) ([]Verdicts, error) {
	ss := scenarios()
	batches := max(1, (clusters+batch-1)/batch)
	tallies := make([][][3]int, len(ss)) // right, open, wrong by size
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range ss {
		tallies[i] = make([][3]int, len(sizes))
		group.Go(func() error {
			for b := range batches {
				if err := ctx.Err(); err != nil {
					return err
				}
				r := rand.New(rand.NewPCG(seed(s.name), uint64(b)))
				if err := s.judge(r, tallies[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var results []Verdicts
	for i, s := range ss {
		v := Verdicts{Scenario: s.name, Clusters: batches * batch}
		n := float64(v.Clusters)
		for _, t := range tallies[i] {
			v.Right = append(v.Right, float64(t[0])/n)
			v.Open = append(v.Open, float64(t[1])/n)
			v.Wrong = append(v.Wrong, float64(t[2])/n)
		}
		results = append(results, v)
	}
	return results, nil
}

// judge evaluates one batch: an archive with scattered other crashes and
// clusters of this scenario of every size.
func (s scenario) judge(r *rand.Rand, tally [][3]int) error {
	f := newFleet(r, s.busy)
	in := f.input()
	for i := range otherRows {
		host, day := f.host(r), r.IntN(fleetDays)
		appendCase(&in, int32(i%otherClusters), f.at(host, day), float64(day)+r.Float64())
	}
	type drawn struct{ size, target int }
	var all []drawn
	for size := range sizes {
		for range batch {
			target := r.IntN(fleetHosts - 1)
			all = append(all, drawn{size, target})
			for range sizes[size] {
				host, day := s.draw(f, r, target)
				appendCase(&in, int32(otherClusters-1+len(all)), f.at(host, day), float64(day)+r.Float64())
			}
		}
	}
	for i := range otherClusters + len(all) {
		in.Crashes.Signature.Values = append(in.Crashes.Signature.Values, fmt.Sprint("cluster ", i))
	}
	params := epi.Defaults()
	params.EpisodeGap = 0 // what is drawn are episodes
	in.Parameters = &params
	p, err := epi.NewPopulation(in)
	if err != nil {
		return err
	}
	for i, d := range all {
		rows := p.Select(func(row int32) bool { return in.Crashes.Signature.Codes[row] == int32(otherClusters+i) })
		a, err := p.Evaluate(epi.Question{Rows: rows, Now: in.To})
		if err != nil {
			return err
		}
		tally[d.size][outcome(a.Verdict, s.want(f, d.target), in)]++
	}
	return nil
}

// outcome is 0 for right, 1 for open, 2 for wrong.
func outcome(v epi.Verdict, want map[int]int32, in epi.Input) int {
	switch {
	case v.Kind == epi.KindInsufficient:
		return 1
	case len(want) == 0 && !v.Concentrated():
		return 0
	case len(want) == 0:
		return 2
	case !v.Concentrated():
		if v.Kind == epi.KindScatteredSoFar {
			return 1
		}
		return 2
	}
	named := 0
	for dim, value := range want {
		d := in.Dimensions[dim]
		if slices.ContainsFunc(append(slices.Clone(v.Best.Values), v.Best.Aliases...), func(x epi.Value) bool {
			return x.Dimension == d.Name && x.Value == d.Values[value]
		}) {
			named++
		}
	}
	switch {
	case named == len(want) && len(v.Best.Values) <= len(want):
		return 0
	case named > 0 && len(v.Best.Values) <= len(want):
		return 1 // one half of a pair: not wrong, not yet right
	default:
		return 2
	}
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
