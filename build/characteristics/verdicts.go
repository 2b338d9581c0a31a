package characteristics

import (
	"context"
	"fmt"
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

// The fleet of section 9.4: 400 hosts in 5 regions, one of which
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
		{
			name: "region (15 %)", want: func(*fleet, int) map[int]int32 { return map[int]int32{dimRegion: 0} },
			draw: within(func(f *fleet, host, _, _ int) bool { return f.codes[host][dimRegion] == 0 }),
		},
		{
			name: "CPU (35 %)", want: func(*fleet, int) map[int]int32 { return map[int]int32{dimCPU: 0} },
			draw: within(func(f *fleet, host, _, _ int) bool { return f.codes[host][dimCPU] == 0 }),
		},
		{
			name: "kernel+CPU pair", want: func(*fleet, int) map[int]int32 { return map[int]int32{dimCPU: 0, dimKernel: 1} },
			draw: within(func(f *fleet, host, day, _ int) bool { return f.codes[host][dimCPU] == 0 && kernelOf(host, day) == 1 }),
		},
		{name: "scattered", want: scattered, draw: anywhere},
		{name: "scattered, a host with 15 % of traffic", busy: true, want: scattered, draw: anywhere},
	}
}

func oneHost(_ *fleet, target int) map[int]int32 { return map[int]int32{dimHost: int32(target)} }

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
