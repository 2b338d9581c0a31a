package population_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate/population"
	"github.com/epicurve/epicurve/pkg/epi"
)

// shy is an evaluation that calls everything that is all on one value scattered,
// and names the value as what every case shares.
type shy struct{ *population.Direct }

func (s shy) Assess(sel population.Selector, marks []population.Mark, now time.Time) (epi.Assessment, error) {
	a, err := s.Direct.Assess(sel, marks, now)
	if v := &a.Verdict; v.Kind == epi.KindAll {
		v.Common = append(v.Common, epi.Common{Values: v.Best.Values, Episodes: v.Episodes, Of: v.Episodes, Gain: 1, Needed: 7})
		v.Kind, v.OverHosts, v.Best = epi.KindScattered, true, nil
	}
	return a, err
}

// only keeps one cluster of the decoys' truth.
func only(t *testing.T, cluster string) *population.Population {
	t.Helper()
	p, err := population.Load(os.DirFS("testdata"), "pop_decoy")
	if err != nil {
		t.Fatal(err)
	}
	var kept []population.ClusterTruth
	for _, c := range p.Truth.Clusters {
		if c.Cluster == cluster {
			kept = append(kept, c)
		}
	}
	if len(kept) != 1 {
		t.Fatalf("%d clusters %q", len(kept), cluster)
	}
	p.Truth.Clusters, p.Truth.OneOrTwo = kept, nil
	return p
}

func direct(t *testing.T, p *population.Population) *population.Direct {
	t.Helper()
	d, err := population.NewDirect(p, false)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestLeaningIsNoExcuse: 59 cases on a build that 76 % of the fleet ran are
// enough, so naming the build is not; 40 can't be enough, so it is.
func TestLeaningIsNoExcuse(t *testing.T) {
	p := only(t, "signature=build_assert")
	if wrong := p.Check(shy{direct(t, p)}); len(wrong) != 1 || !strings.Contains(wrong[0], `verdict is "scattered", want "all"`) {
		t.Errorf("59 rows: %q", wrong)
	}
	kept := 0
	var rows []population.Row
	for _, r := range p.Rows {
		if r.Signature == "build_assert" {
			if kept++; kept > 40 {
				continue
			}
		}
		rows = append(rows, r)
	}
	p.Rows, p.Truth.Rows = rows, len(rows)
	if wrong := p.Check(direct(t, p)); len(wrong) != 0 {
		t.Errorf("40 rows: %q", wrong)
	}
}

// TestOnsetsAreStrict: no onset of our own populations is missed; one truth
// shortly before its interval is what 95 % promises, two are not.
func TestOnsetsAreStrict(t *testing.T) {
	p, err := population.Load(os.DirFS("testdata"), "pop_decoy")
	if err != nil {
		t.Fatal(err)
	}
	var dated []population.ClusterTruth
	d := direct(t, p)
	for _, c := range p.Truth.Clusters {
		if at, err := time.Parse(time.RFC3339, c.OnsetTrue); err == nil {
			s, _ := population.ParseSelector(c.Cluster)
			a, err := d.Assess(s, nil, p.To)
			if err != nil || at.Before(a.Onset.Earliest) || at.After(a.Onset.First) {
				t.Errorf("%s: %s is not in %s (%v)", c.Cluster, at, a.Onset, err)
			}
			c.OnsetTrue = a.Onset.Earliest.Add(-time.Hour).Format(time.RFC3339)
			dated = append(dated, c)
		}
	}
	p.Truth.OneOrTwo = nil
	for misses, want := range map[int]int{1: 0, 2: 2} {
		p.Truth.Clusters = dated[:misses]
		if wrong := p.Check(d); len(wrong) != want {
			t.Errorf("%d onsets just before their intervals: %q", misses, wrong)
		}
	}
}

// TestGenerousReading: spelling and prose don't matter.
func TestGenerousReading(t *testing.T) {
	truth, err := population.ParseTruth([]byte(`{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"comment":["any"],"clusters":[
		{"cluster":"class=other","verdict":"SCATTERED SO FAR","must_never_be":["gone","Disappearing"],"onset_true":"2025-07-01","state_at_archive_end":"PAUSED?","description":{"a":1}},
		{"cluster":"class=other","verdict":"scattered","must_never_be":"GONE, relapsed","onset_true":"before archive"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if c := truth.Clusters[0]; c.Verdict != "scattered so far" || len(c.MustNeverBe) != 2 || c.MustNeverBe[1] != "disappearing" || c.StateAtEnd != "paused?" {
		t.Errorf("got %+v", c)
	}
	if c := truth.Clusters[1]; len(c.MustNeverBe) != 2 || c.MustNeverBe[0] != "gone" {
		t.Errorf("got %+v", c)
	}
}
