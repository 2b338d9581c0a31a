package epi_test

import (
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// sick makes an archive of 60 virtual machines, three on each physical host, on
// which the given cases of cluster "sick" fell: (host, day) pairs.
func sick(cases [][2]int) (epi.Input, []int32) {
	in := shape{rows: 3000, clusters: 3, hosts: 60, days: 60, physical: true, seed: 5}.archive()
	in.Crashes.Signature.Values = append(in.Crashes.Signature.Values, "sick")
	var rows []int32
	for i, c := range cases {
		codes := make([]int32, len(in.Dimensions))
		for d := range codes {
			codes[d] = in.Exposure.Codes[d][c[1]*60+c[0]]
		}
		rows = append(rows, int32(len(in.Crashes.Time)))
		add(&in, begin+float64(c[1])+float64(i%23)/23, 0, 3, codes)
	}
	return in, rows
}

func spread(n int, host func(i int) int) [][2]int {
	var cases [][2]int
	for i := range n {
		cases = append(cases, [2]int{host(i), 5 + i%40})
	}
	return cases
}

// TestPhysicalHost: several names on one physical machine are one suspect.
func TestPhysicalHost(t *testing.T) {
	in, rows := sick(spread(40, func(i int) int { return 12 + i%3 }))
	v := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To}).Verdict
	if v.Kind != epi.KindAll || v.Best.Words() != "physical_host=p0004" {
		t.Fatalf("verdict %q on %s", v.Kind, v.Best.Words())
	}
	if v.Physical == nil || len(v.Physical.Names) != 3 || v.Physical.Episodes != 40 {
		t.Fatalf("machines are %+v", v.Physical)
	}
	if !strings.Contains(v.Sentence, "h0012, h0013 and h0014 are one physical machine, p0004: one suspect, not 3.") {
		t.Errorf("sentence: %s", v.Sentence)
	}
	if v.Hosts.TopShare > 0.4 {
		t.Errorf("top host has %v", v.Hosts.TopShare)
	}
}

// TestOneVirtualMachine: one name among three on the machine is the more
// specific suspect, and the sentence names what is under it.
func TestOneVirtualMachine(t *testing.T) {
	in, rows := sick(spread(40, func(int) int { return 13 }))
	v := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To}).Verdict
	if v.Kind != epi.KindAll || v.Best.Words() != "host=h0013" {
		t.Fatalf("verdict %q on %s", v.Kind, v.Best.Words())
	}
	if !strings.Contains(v.Sentence, "It runs on the physical machine p0004") {
		t.Errorf("sentence: %s", v.Sentence)
	}
}

// TestOneDay: a machine that was bad on one day is not yet a bad machine.
func TestOneDay(t *testing.T) {
	var cases [][2]int
	for range 20 {
		cases = append(cases, [2]int{13, 30})
	}
	in, rows := sick(cases)
	p := epi.Defaults()
	p.EpisodeGap = 0
	in.Parameters = &p
	v := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To}).Verdict
	if v.Kind != epi.KindPartly {
		t.Errorf("verdict %q: %s", v.Kind, v.Sentence)
	}
}

// TestVerdicts walks through the kinds.
func TestVerdicts(t *testing.T) {
	anywhere := func(i int) int { return i * 7 % 60 }
	mixed := func(part int) func(int) int {
		return func(i int) int {
			if i%10 < part {
				return 13
			}
			return anywhere(i)
		}
	}
	for _, c := range []struct {
		name  string
		cases [][2]int
		want  epi.Kind
		says  string
	}{
		{"scattered", spread(60, anywhere), epi.KindScattered, "Trustworthy (60 episodes)"},
		{"scattered so far", spread(20, anywhere), epi.KindScatteredSoFar, "could still hide"},
		{"nine of ten on one host", spread(60, mixed(9)), epi.KindAll, "95 % sure that at least"},
		{"seven of ten on one host", spread(60, mixed(7)), epi.KindMostly, "episodes on host=h0013"},
		{"four of ten on one host", spread(60, mixed(4)), epi.KindPartly, "there may be two diseases"},
		{"four", spread(4, anywhere), epi.KindInsufficient, "Anecdote (4 episodes)"},
		{"five of five on one host", spread(5, func(int) int { return 13 }), epi.KindAll, "A hint (5 episodes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, rows := sick(c.cases)
			a := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To, Detail: true})
			if a.Verdict.Kind != c.want || !strings.Contains(a.Verdict.String(), c.says) {
				t.Errorf("verdict %q, want %q with %q: %s", a.Verdict.Kind, c.want, c.says, a.Verdict)
			}
			roundTrip(t, a)
		})
	}
}

// TestWithoutExposure compares with the other crashes alone, and says so.
func TestWithoutExposure(t *testing.T) {
	in, rows := sick(spread(40, func(int) int { return 13 }))
	in.Exposure = nil
	a := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To, Detail: true})
	if a.Verdict.Kind != epi.KindAll || len(a.Verdict.References) != 1 || a.Verdict.References[0] != "other crashes" {
		t.Errorf("verdict %q against %v", a.Verdict.Kind, a.Verdict.References)
	}
	if len(a.Notes) == 0 || !strings.Contains(a.Notes[0], "no exposure") {
		t.Errorf("notes are %q", a.Notes)
	}
	alone, rows := course(every(0.5, 1, 30), 60, func(in *epi.Input) { in.Exposure = nil })
	b := mustEvaluate(t, mustPopulation(t, alone), epi.Question{Rows: rows, Now: alone.To})
	if b.Verdict.Kind != epi.KindInsufficient || !strings.Contains(b.Verdict.Sentence, "neither exposure nor other crashes") {
		t.Errorf("alone: %s", b.Verdict)
	}
}

// TestMissingData flags a value that stands for "not known".
func TestMissingData(t *testing.T) {
	in, rows := sick(spread(40, func(i int) int { return 5 * (i % 12) }))
	in.Dimensions[2].Values[0] = "" // their region
	v := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To}).Verdict
	if v.Kind != epi.KindAll || !v.Best.Missing || !strings.Contains(v.Sentence, "find out what is missing") {
		t.Errorf("verdict %q: %s", v.Kind, v.Sentence)
	}
}

// TestUptime contrasts the hosts' uptime at the crash with the fleet's.
func TestUptime(t *testing.T) {
	in, rows := sick(spread(40, func(i int) int { return i * 7 % 60 }))
	for i := range in.Exposure.Day {
		in.Exposure.HostUptime = append(in.Exposure.HostUptime, float64(i%200)/2)
	}
	in.Crashes.HostUptime = make([]float64, len(in.Crashes.Time))
	for i := range in.Crashes.HostUptime {
		in.Crashes.HostUptime[i] = float64(i % 100)
	}
	for i, row := range rows {
		in.Crashes.HostUptime[row] = 0.1 + float64(i%30)/20 // 0.1 to 1.6 d
	}
	a := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To, Detail: true})
	if a.Uptime == nil || !a.Uptime.Below || a.Uptime.Threshold != 3 || a.Uptime.Episodes != 40 {
		t.Fatalf("uptime is %+v", a.Uptime)
	}
	if !strings.Contains(a.Sentence, "never on hosts up for longer than 3 d") {
		t.Errorf("sentence: %s", a)
	}
	others := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: mustPopulation(t, in).Clusters()[0].Rows, Now: in.To, Detail: true})
	if others.Uptime != nil {
		t.Errorf("a cluster like the fleet has %+v", others.Uptime)
	}
}
