package epi_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/epicurve/epicurve/pkg/epi"
)

// shape describes a synthetic archive.
type shape struct {
	rows, clusters, hosts, days int
	physical                    bool // three virtual machines a physical host
	seed                        uint64
}

// begin is the first day of synthetic archives: 2025-06-01.
const begin = 20240

// archive makes a fleet of 5 regions, weekly builds and two kernels, and
// clusters whose sizes follow Zipf's law, scattered over hosts and days.
func (s shape) archive() epi.Input {
	rng := rand.New(rand.NewPCG(s.seed, 1))
	regions := []string{"eastus", "westus3", "northeu", "seasia", "brazilsouth"}
	cpus := []string{"EPYC-7763", "Xeon-8370C", "EPYC-9V74", "Ampere-Altra"}
	kernels := []string{"5.15", "6.8"}
	services := []string{"leaf", "aggregator"}
	var builds, hosts, physical []string
	for w := range s.days/7 + 1 {
		builds = append(builds, fmt.Sprintf("r%03d", w))
	}
	for h := range s.hosts {
		hosts = append(hosts, fmt.Sprintf("h%04d", h))
	}
	for h := range s.hosts/3 + 1 {
		physical = append(physical, fmt.Sprintf("p%04d", h))
	}
	in := epi.Input{From: begin, To: begin + float64(s.days)}
	if s.physical {
		in.Dimensions = append(in.Dimensions, epi.Dimension{Name: "physical_host", Role: epi.RolePhysicalHost, Values: physical})
	}
	in.Dimensions = append(in.Dimensions,
		epi.Dimension{Name: "host", Role: epi.RoleHost, Values: hosts},
		epi.Dimension{Name: "region", Role: epi.RoleRegion, Values: regions},
		epi.Dimension{Name: "build", Role: epi.RoleBuild, Values: builds},
		epi.Dimension{Name: "kernel", Values: kernels},
		epi.Dimension{Name: "cpu_model", Values: cpus},
		epi.Dimension{Name: "service", Role: epi.RoleService, Values: services},
	)
	codes := func(host, day int) []int32 {
		region := host % len(regions)
		kernel := 0
		if day > 100+20*region {
			kernel = 1
		}
		c := []int32{int32(host), int32(region), int32((day + region) / 7 % len(builds)), int32(kernel), int32(host / 7 % len(cpus)), int32(host / 3 % 2)}
		if s.physical {
			c = append([]int32{int32(host / 3)}, c...)
		}
		return c
	}
	e := &epi.Exposure{Codes: make([][]int32, len(in.Dimensions))}
	in.Crashes.Codes = make([][]int32, len(in.Dimensions))
	for day := range s.days {
		for host := range s.hosts {
			e.Day, e.Weight = append(e.Day, int32(begin+day)), append(e.Weight, 1)
			for d, c := range codes(host, day) {
				e.Codes[d] = append(e.Codes[d], c)
			}
		}
	}
	in.Exposure = e
	in.Crashes.Class.Values = []string{"return_to_null", "misaligned_stack", "other"}
	for c := range s.clusters {
		in.Crashes.Signature.Values = append(in.Crashes.Signature.Values, fmt.Sprintf("sig%d", c))
	}
	weights, total := make([]float64, s.clusters), 0.0
	for c := range weights {
		weights[c] = 1 / float64(c+1)
		total += weights[c]
	}
	for c, w := range weights {
		n := int(math.Ceil(w / total * float64(s.rows)))
		for range n {
			t := rng.Float64() * float64(s.days)
			add(&in, begin+t, int32(c%3), int32(c), codes(rng.IntN(s.hosts), int(t)))
		}
	}
	return in
}

// add appends one crash.
func add(in *epi.Input, t float64, class, signature int32, codes []int32) {
	c := &in.Crashes
	c.Time = append(c.Time, t)
	c.Class.Codes, c.Signature.Codes = append(c.Class.Codes, class), append(c.Signature.Codes, signature)
	for d, v := range codes {
		c.Codes[d] = append(c.Codes[d], v)
	}
}

// fataler is a test, a benchmark or a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func mustPopulation(tb fataler, in epi.Input) *epi.Population {
	tb.Helper()
	p, err := epi.NewPopulation(in)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func mustEvaluate(tb fataler, p *epi.Population, q epi.Question) epi.Assessment {
	tb.Helper()
	a, err := p.Evaluate(q)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}
