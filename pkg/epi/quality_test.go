package epi_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// TestBlindIntervals finds a dead feed, and nothing where there is none.
func TestBlindIntervals(t *testing.T) {
	params := epi.Defaults()
	times := poissonTimes(4, 0, 300, 11)
	if found := params.BlindIntervals(times, 0, 300); len(found) != 0 {
		t.Errorf("a steady feed is called blind in %v", found)
	}
	gap := slices.DeleteFunc(slices.Clone(times), func(x float64) bool { return x >= 150 && x < 159 })
	found := params.BlindIntervals(gap, 0, 300)
	if len(found) != 1 || math.Abs(found[0].From-150) > 1 || math.Abs(found[0].To-159) > 1 {
		t.Errorf("nine dead days from 150: found %v", found)
	}
	rare := poissonTimes(0.1, 0, 300, 12)
	if found := params.BlindIntervals(rare, 0, 300); len(found) != 0 {
		t.Errorf("too few rows to tell, but %v", found)
	}
}

func TestDuplicates(t *testing.T) {
	second := 1.0 / 86400
	rows := []epi.Occurrence{
		{Host: "h1", Boot: "b1", PID: 7, Time: 100},
		{Host: "h1", Boot: "b1", PID: 7, Time: 100 + 0.9*second},
		{Host: "h1", Boot: "b1", PID: 7, Time: 100 + 3*second},
		{Host: "h1", Boot: "b2", PID: 7, Time: 100},
		{Host: "h2", Boot: "b1", PID: 7, Time: 100},
		{Host: "h1", Boot: "b1", PID: 8, Time: 100},
		{Host: "h1", Boot: "b1", PID: 7, Time: 100 - 0.5*second},
	}
	// the earliest of a group stays, whatever the order in the file
	if got := epi.Duplicates(rows); !slices.Equal(got, []int{0}) && !slices.Equal(got, []int{0, 1}) {
		t.Errorf("duplicates are %v", got)
	}
	if got := epi.Duplicates(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestCensoredRate(t *testing.T) {
	if got := epi.CensoredRate(0, 100); got != 0 {
		t.Errorf("no hits: %v", got)
	}
	if got := epi.CensoredRate(63.212, 100); math.Abs(got-1) > 1e-4 {
		t.Errorf("1−1/e hit: %v, want 1", got)
	}
	if got := epi.CensoredRate(100, 100); !math.IsInf(got, 1) {
		t.Errorf("all hit: %v", got)
	}
}

func TestAscertainment(t *testing.T) {
	share, lo, hi := epi.Ascertainment(80, 100)
	if share != 0.8 || lo > 0.8 || lo < 0.7 || hi < 0.8 || hi > 0.9 {
		t.Errorf("80 of 100: %v [%v, %v]", share, lo, hi)
	}
	if _, lo, hi := epi.Ascertainment(3, 0); lo != 0 || hi != 1 {
		t.Errorf("of none: [%v, %v]", lo, hi)
	}
}

func TestHorizon(t *testing.T) {
	delays := make([]float64, 100)
	delays[42] = 3
	if got := epi.Horizon(50, delays); got != 50 {
		t.Errorf("one late row of a hundred: %v", got)
	}
	delays[43] = 2
	if got := epi.Horizon(50, delays); got != 48 {
		t.Errorf("two late rows: %v, want 48", got)
	}
	if got := epi.Horizon(50, nil); got != 50 {
		t.Errorf("no delays: %v", got)
	}
}

// TestDeadFeed: when nothing else crashes any more, silence may be blindness.
func TestDeadFeed(t *testing.T) {
	in, rows := course(every(0.5, 1, 100), 200, nil)
	add2 := func(until float64) *epi.Population {
		other := permuted(in, indexes(len(in.Crashes.Time)))
		for i, at := range poissonTimes(6, 0, until, 21) {
			codes := make([]int32, len(in.Dimensions))
			for d := range codes {
				codes[d] = in.Exposure.Codes[d][int(at)*10+i%10]
			}
			add(&other, begin+at, 0, 1, codes)
		}
		return mustPopulation(t, other)
	}
	q := epi.Question{Rows: rows, Now: begin + 115, Marks: []epi.Mark{{At: begin + 100}}, Detail: true}
	if a := mustEvaluate(t, add2(150), q); len(a.Notes) != 0 {
		t.Errorf("others go on, but %q", a.Notes)
	}
	a := mustEvaluate(t, add2(101), q)
	if len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "the feed may be dead") {
		t.Errorf("everything stopped: notes %q", a.Notes)
	}
}

// TestEpisodes counts chains.
func TestEpisodes(t *testing.T) {
	minute := 1.0 / 1440
	in, rows := course([]float64{10, 10 + 10*minute, 10 + 20*minute, 10 + 70*minute, 10 + 140*minute, 12}, 60, nil)
	for d := range in.Crashes.Codes { // all on one host
		for i := range in.Crashes.Codes[d] {
			in.Crashes.Codes[d][i] = in.Crashes.Codes[d][0]
		}
	}
	p := mustPopulation(t, in)
	// 10:00, 10:10, 10:20, 11:10 are a chain; 12:20 is 70 minutes later
	if a := mustEvaluate(t, p, epi.Question{Rows: rows, Now: in.To}); a.Rows != 6 || a.Episodes != 3 {
		t.Errorf("%d rows, %d episodes, want 6 and 3", a.Rows, a.Episodes)
	}
	in.Crashes.Signature.Codes[1] = 1
	if p := mustPopulation(t, in); p.Episodes() != 4 {
		t.Errorf("another signature: %d episodes, want 4", p.Episodes())
	}
}

// TestDuplicatesKeepTheBetterRow: of one crash the row of the lower rank stays.
func TestDuplicatesKeepTheBetterRow(t *testing.T) {
	second := 1.0 / 86400
	rows := []epi.Occurrence{
		{Host: "h", Boot: "b", PID: 7, Time: 100, Rank: 2},
		{Host: "h", Boot: "b", PID: 7, Time: 100 + 0.4*second, Rank: 0},
		{Host: "h", Boot: "b", PID: 7, Time: 100 + 0.9*second, Rank: 1},
		{Host: "h", Boot: "b", PID: 7, Time: 100 + 1.2*second, Rank: 1}, // another one
	}
	if got := epi.Duplicates(rows); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("duplicates are %v, want the rows 0 and 2", got)
	}
}

// TestCoreSpans finds the day on which cores were lost, and nothing where the
// share only wavers.
func TestCoreSpans(t *testing.T) {
	params := epi.Defaults()
	days := func(n int, core, known float64) (c, k []float64) {
		for range n {
			c, k = append(c, core), append(k, known)
		}
		return c, k
	}
	c1, k1 := days(60, 4, 5)
	c2, k2 := days(30, 1, 5)
	spans := params.CoreSpans(append(slices.Clone(c1), c2...), append(slices.Clone(k1), k2...))
	if len(spans) != 2 || spans[0].Core != 240 || spans[0].Known != 300 || spans[1].Core != 30 || math.Abs(spans[1].Share-0.2) > 1e-12 {
		t.Errorf("lost on day 60: %+v", spans)
	}
	for i := range c1 {
		c1[i] += float64(i%3) - 1
	}
	if spans := params.CoreSpans(c1, k1); len(spans) != 1 {
		t.Errorf("a share that wavers: %+v", spans)
	}
	if spans := params.CoreSpans(nil, nil); len(spans) != 1 || spans[0].Known != 0 {
		t.Errorf("no days: %+v", spans)
	}
}

// TestEndOfTheLargestIsNoDeadFeed: the disease that most crashes belong to ends,
// and takes no other's clock with it. A feed that dies does.
func TestEndOfTheLargestIsNoDeadFeed(t *testing.T) {
	const days, end = 120, 70
	build := func(dead bool) (epi.Input, []int32) {
		in := shape{clusters: 1, hosts: 40, days: days, seed: 3}.archive()
		in.Crashes = epi.Crashes{Class: epi.Column{Values: []string{"c"}}, Signature: epi.Column{Values: []string{"large", "a", "b", "asked"}}, Codes: make([][]int32, len(in.Dimensions))}
		var asked []int32
		for signature, perDay := range []int{30, 3, 2, 1} {
			for i := range perDay * days {
				at := (float64(i) + 0.37) / float64(perDay)
				if at >= end && (dead || signature == 0 || signature == 3) {
					continue
				}
				codes := make([]int32, len(in.Dimensions))
				for d := range codes {
					codes[d] = in.Exposure.Codes[d][int(at)*40+(i*7+signature)%40]
				}
				if signature == 3 {
					asked = append(asked, int32(len(in.Crashes.Time)))
				}
				add(&in, begin+at, 0, int32(signature), codes)
			}
		}
		return in, asked
	}
	for _, dead := range []bool{false, true} {
		in, asked := build(dead)
		p := mustPopulation(t, in)
		if found, err := p.Blind(nil, in.To); err != nil || len(found) != 1 {
			t.Fatalf("dead %v: the control alone can't tell, but finds %v, %v", dead, found, err)
		}
		a := mustEvaluate(t, p, epi.Question{Rows: asked, Now: in.To, Marks: []epi.Mark{{At: begin + end}}})
		if dead && (a.State != epi.StateBlind || len(a.Quality.Shades) != 1) || !dead && (a.State != epi.StateGone || len(a.Quality.Shades) != 0) {
			t.Errorf("dead %v: %s %+v", dead, a, a.Quality.Shades)
		}
	}
}
