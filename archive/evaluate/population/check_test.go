package population_test

import (
	"os"
	"testing"

	"github.com/epicurve/epicurve/archive/evaluate/population"
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
