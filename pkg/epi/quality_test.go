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
