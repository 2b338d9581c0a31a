package population_test

import (
	"math"
	"os"
	"testing"

	"github.com/epicurve/epicurve/archive/evaluate/population"
	"github.com/epicurve/epicurve/pkg/epi"
)

// TestTruth holds the statistics to the truth of both populations, with and
// without the traffic of the hosts.
func TestTruth(t *testing.T) {
	folder := "testdata"
	if other := os.Getenv("EPI_POPULATIONS"); other != "" {
		folder = other
	}
	all, err := population.LoadAll(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, traffic := range []bool{false, true} {
			name := p.Name
			if traffic {
				name += "/traffic"
			}
			t.Run(name, func(t *testing.T) {
				direct, err := population.NewDirect(p, traffic)
				if err != nil {
					t.Fatal(err)
				}
				for _, wrong := range p.Check(direct) {
					t.Error(wrong)
				}
				for _, c := range p.Truth.Clusters {
					s, _ := population.ParseSelector(c.Cluster)
					a, _ := direct.Assess(s, c.Marks(), p.To)
					t.Logf("%s: %s", c.Cluster, a)
				}
			})
		}
	}
}

// TestBlind finds the outage of a region from the crashes alone, and no other.
func TestBlind(t *testing.T) {
	d := loadDirect(t)["pop_decoy"]
	in := d.Input(false)
	for at, dim := range in.Dimensions {
		if dim.Name != "region" {
			continue
		}
		for v, region := range dim.Values {
			found, err := d.Archive().Blind(epi.Predicate{{Dimension: at, Value: int32(v)}}, in.To)
			if err != nil {
				t.Fatal(err)
			}
			if region != d.Outages[0].Region {
				if len(found) != 0 {
					t.Errorf("%s is called blind in %v", region, found)
				}
				continue
			}
			if len(found) != 1 {
				t.Fatalf("%s: found %v", region, found)
			}
			from, to := epi.DayOf(d.Outages[0].From), epi.DayOf(d.Outages[0].To)
			if math.Abs(found[0].From-from) > 2 || math.Abs(found[0].To-to) > 2 {
				t.Errorf("found %s to %s, the outage is %s to %s", epi.TimeOf(found[0].From), epi.TimeOf(found[0].To), d.Outages[0].From, d.Outages[0].To)
			}
		}
	}
}
