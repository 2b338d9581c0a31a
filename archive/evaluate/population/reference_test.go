package population_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate/population"
	"github.com/epicurve/epicurve/pkg/epi"
)

// referenceOutput is what the reference implementation said of a cluster.
type referenceOutput struct {
	Rows      int               `json:"rows"`
	Episodes  int               `json:"episodes"`
	Verdict   string            `json:"verdict"`
	Pred      map[string]string `json:"pred"`
	Share     *float64          `json:"share"`
	Exposure  *float64          `json:"exposure"`
	Gain      *float64          `json:"gain"`
	NEffHosts float64           `json:"n_eff_hosts"`
	TopShare  float64           `json:"top_share"`
	Notes     []struct {
		Pred     map[string]string `json:"pred"`
		Expected float64           `json:"expected"`
		Busy     map[string]string `json:"busy"`
		Fleet    float64           `json:"rr_fleet"`
		Rest     float64           `json:"rr_rest"`
	} `json:"notes"`
	FirstRow string  `json:"first_row"`
	PBefore  float64 `json:"p_before_archive"`
	Lower    string  `json:"onset_95_lower"`
	Attempts []struct {
		J        int     `json:"j"`
		Required float64 `json:"required_days"`
		P        float64 `json:"p"`
		Bursty   bool    `json:"bursty"`
	} `json:"attempts"`
	GoneOn    string     `json:"gone_on"`
	RateRatio [3]float64 `json:"rate_ratio"`
}

// referenceCases name the clusters of the reference's output, with the fix mark
// and the moment it used.
var referenceCases = []struct {
	key, selector, mark, now string
	// onset tells how close the earliest onset comes, by our operational
	// clock, where the reference's is the wall's.
	onset time.Duration
}{
	{"pop_openai_like/misaligned-stack", "class=misaligned-stack", "2026-02-09T16:00:00Z", "", 0},
	{"pop_openai_like/return-to-null", "class=return-to-null", "2026-03-20T10:00:00Z", "", 0},
	{"pop_openai_like/other", "class=other", "", "", 0},
	{"pop_decoy/bursty_compactor now=fix+7", "signature=bursty_compactor", "2026-03-02T12:00:00Z", "2026-03-09T12:00:00Z", -1},
	{"pop_decoy/bursty_compactor now=fix+14.2", "signature=bursty_compactor", "2026-03-02T12:00:00Z", "2026-03-16T16:48:00Z", -1},
	{"pop_decoy/bursty_compactor now=fix+None", "signature=bursty_compactor", "2026-03-02T12:00:00Z", "", -1},
	{"pop_decoy/build_assert", "signature=build_assert", "", "", time.Hour},
	{"pop_decoy/avx_context_restore", "signature=avx_context_restore", "", "", time.Hour},
	{"pop_decoy/halved_by_fix", "signature=halved_by_fix", "2026-02-10T09:00:00Z", "", 0},
	{"pop_decoy/busy_decoy", "signature=busy_decoy", "", "", 0},
	{"pop_decoy/tls_region", "signature=tls_region", "", "", time.Hour},
	{"pop_decoy/misaligned h311", "class=misaligned-stack", "", "", time.Hour},
	{"pop_decoy/relapser", "signature=relapser", "2025-12-10T12:00:00Z", "", 0},
	{"pop_decoy/bg_00", "signature=bg_00", "", "", 0},
	{"pop_decoy/bg_03", "signature=bg_03", "", "", 0},
	{"pop_decoy/bg_10", "signature=bg_10", "", "", 0},
}

// TestReference compares every number of the reference implementation's output
// with ours.
func TestReference(t *testing.T) {
	raw, err := os.ReadFile("testdata/pop_reference_outputs.json")
	if err != nil {
		t.Fatal(err)
	}
	var outputs map[string]json.RawMessage
	if err := json.Unmarshal(raw, &outputs); err != nil {
		t.Fatal(err)
	}
	populations := loadDirect(t)
	for _, c := range referenceCases {
		t.Run(c.key, func(t *testing.T) {
			var want referenceOutput
			if err := json.Unmarshal(outputs[c.key], &want); err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(c.key, "/")
			d := populations[name]
			now := d.To
			if c.now != "" {
				now = instant(t, c.now)
			}
			selector, err := population.ParseSelector(c.selector)
			if err != nil {
				t.Fatal(err)
			}
			var marks []population.Mark
			if c.mark != "" {
				marks = append(marks, population.Mark{At: instant(t, c.mark)})
			}
			a, err := d.Assess(selector, marks, now)
			if err != nil {
				t.Fatal(err)
			}
			compareVerdict(t, a, want)
			compareOnset(t, a, want, c.onset)
			compareSilence(t, a, want)
		})
	}
}

type loaded struct {
	*population.Population
	*population.Direct
}

func loadDirect(t *testing.T) map[string]loaded {
	t.Helper()
	all, err := population.LoadAll(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	direct := map[string]loaded{}
	for _, p := range all {
		d, err := population.NewDirect(p, false)
		if err != nil {
			t.Fatal(err)
		}
		direct[p.Name] = loaded{p, d}
	}
	return direct
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func compareVerdict(t *testing.T, a epi.Assessment, want referenceOutput) {
	t.Helper()
	v := a.Verdict
	if a.Rows != want.Rows || a.Episodes != want.Episodes {
		t.Errorf("%d rows and %d episodes, want %d and %d", a.Rows, a.Episodes, want.Rows, want.Episodes)
	}
	if string(v.Kind) != want.Verdict {
		t.Fatalf("verdict %q, want %q", v.Kind, want.Verdict)
	}
	near(t, "effective hosts", v.Hosts.Effective, want.NEffHosts, 1e-9)
	near(t, "top share", v.Hosts.TopShare, want.TopShare, 1e-12)
	if want.Pred != nil {
		if !same(v.Best.Values, want.Pred) {
			t.Errorf("best is %s, want %v", v.Best.Words(), want.Pred)
		}
		near(t, "share", v.Best.Share, *want.Share, 1e-12)
		near(t, "exposure", v.Best.Exposure, *want.Exposure, 1e-9)
		near(t, "gain", v.Best.Gain, *want.Gain, 1e-9)
	}
	explained, busy := 0, 0
	for _, note := range want.Notes {
		if note.Busy != nil {
			if busy < len(v.Busy) && same(v.Busy[busy].Values, note.Busy) {
				near(t, "busy against the fleet", float64(v.Busy[busy].Fleet), note.Fleet, 1e-9)
				near(t, "busy against the rest", float64(v.Busy[busy].Rest), note.Rest, 1e-9)
			}
			busy++
			continue
		}
		if explained < len(v.Explained) && !same(v.Explained[explained].Values, note.Pred) {
			t.Errorf("explained %v, want %v", v.Explained[explained].Values, note.Pred)
		}
		explained++
	}
	if len(v.Explained) != explained || len(v.Busy) != busy {
		t.Errorf("%d explained and %d busy, want %d and %d", len(v.Explained), len(v.Busy), explained, busy)
	}
}

func compareOnset(t *testing.T, a epi.Assessment, want referenceOutput, slack time.Duration) {
	t.Helper()
	if got := a.Onset.First.Format("2006-01-02 15:04"); got != want.FirstRow {
		t.Errorf("first row %s, want %s", got, want.FirstRow)
	}
	if got, wants := a.Onset.Censored, want.PBefore > 0.05; got != wants {
		t.Errorf("censored = %t, the reference has p = %g", got, want.PBefore)
	}
	if want.PBefore > 1e-3 {
		near(t, "p before the archive", a.Onset.BeforeArchive, want.PBefore, 0.02)
	}
	if a.Onset.Censored || slack < 0 {
		return // no date is given; bursty clusters are widened on purpose
	}
	lower, err := time.Parse("2006-01-02 15:04", want.Lower)
	if err != nil {
		t.Fatal(err)
	}
	if off := a.Onset.Earliest.Sub(lower).Abs(); off > slack+time.Minute {
		t.Errorf("earliest onset %s, want %s", a.Onset.Earliest, lower)
	}
}

func compareSilence(t *testing.T, a epi.Assessment, want referenceOutput) {
	t.Helper()
	if len(want.Attempts) == 1 && a.State != epi.StateNotFixed {
		first := want.Attempts[0]
		// the reference measures by the wall's clock, we by exposure: one
		// region was dark for nine days
		near(t, "required", float64(a.Silence.NeedDays), first.Required, 0.05)
		near(t, "p", math.Log(a.Silence.PWorst), math.Log(first.P), 0.05)
		if a.Silence.Bursty != first.Bursty || a.Silence.Attempt != first.J {
			t.Errorf("bursty %t in attempt %d, want %t in %d", a.Silence.Bursty, a.Silence.Attempt, first.Bursty, first.J)
		}
	}
	if want.GoneOn != "" {
		gone := a.Since
		if a.Relapse != nil {
			gone = a.Relapse.GoneSince
		}
		if got := gone.Format("2006-01-02 15:04"); got != want.GoneOn {
			t.Errorf("gone on %s, want %s", got, want.GoneOn)
		}
	}
}

// TestReferenceReduction compares the looks at a rate after a fix.
func TestReferenceReduction(t *testing.T) {
	d := loadDirect(t)["pop_decoy"]
	selector, _ := population.ParseSelector("signature=halved_by_fix")
	a, err := d.Assess(selector, []population.Mark{{At: instant(t, "2026-02-10T09:00:00Z")}}, d.To)
	if err != nil {
		t.Fatal(err)
	}
	r := a.Reduction
	if !r.Reduced || r.Look != 28 {
		t.Fatalf("reduced %t on day %v, want on day 28", r.Reduced, r.Look)
	}
	near(t, "ratio", float64(r.Ratio), 0.47253476601917255, 0.02)
	near(t, "lower", float64(r.Lower), 0.3191328685226953, 0.02)
	near(t, "upper", float64(r.Upper), 0.6756180860130594, 0.02)
}

// TestReferenceSplits compares one-or-two.
func TestReferenceSplits(t *testing.T) {
	d := loadDirect(t)["pop_openai_like"]
	symptom := "class in (misaligned-stack, return-to-null)"
	for _, c := range []struct {
		symptom, by string
		unlabelled  bool
		verdict     epi.SplitVerdict
		gain        float64
	}{
		{symptom, "class", false, epi.SplitTwo, 539.2731514640334},
		{symptom, "host=h151", true, epi.SplitTwo, 109.86177292588012},
		{"class=return-to-null", "signature=ret@updateDocument", false, epi.SplitOne, -13.20796386196042},
		{"class=return-to-null", "signature=ret@hashJoinProbe", false, epi.SplitOne, -11.773794037564413},
	} {
		t.Run(c.symptom+" by "+c.by, func(t *testing.T) {
			selector, err := population.ParseSelector(c.symptom)
			if err != nil {
				t.Fatal(err)
			}
			var got epi.Split
			if c.unlabelled {
				got, err = d.SplitUnlabelled(selector, c.by, d.To)
			} else {
				got, err = d.Split(selector, c.by, d.To)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Verdict != c.verdict {
				t.Errorf("%q, want %q", got.Verdict, c.verdict)
			}
			near(t, "Δ", got.Gain, c.gain, 1e-9)
			t.Log(got)
		})
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Max(math.Abs(want), 1e-9) {
		t.Errorf("%s is %.12g, want %.12g within %g", what, got, want, tolerance)
	}
}

func same(got []epi.Value, want map[string]string) bool {
	if len(got) != len(want) {
		return false
	}
	for _, v := range got {
		if want[v.Dimension] != v.Value {
			return false
		}
	}
	return true
}
