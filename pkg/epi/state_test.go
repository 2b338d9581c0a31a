package epi_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// course is a cluster by its times, on a fleet of ten hosts.
func course(times []float64, days int, change func(*epi.Input)) (epi.Input, []int32) {
	in := shape{rows: 0, clusters: 0, hosts: 10, days: days, seed: 1}.archive()
	in.Crashes.Signature.Values = []string{"a", "b"}
	var rows []int32
	for i, t := range times {
		codes := make([]int32, len(in.Dimensions))
		for d := range codes {
			codes[d] = in.Exposure.Codes[d][int(t)*10+i%10]
		}
		add(&in, begin+t, 0, 0, codes)
		rows = append(rows, int32(i))
	}
	if change != nil {
		change(&in)
	}
	return in, rows
}

// every returns times at a fixed step, slightly uneven, in [from, to).
func every(step, from, to float64) []float64 {
	var ts []float64
	for i, t := 0, from; t < to; i, t = i+1, t+step {
		ts = append(ts, t+step*0.3*math.Abs(math.Sin(float64(i))))
	}
	return ts
}

// join appends without touching the first list.
func join(a []float64, b ...float64) []float64 { return append(append([]float64{}, a...), b...) }

func TestStates(t *testing.T) {
	steady := every(0.5, 1, 100)
	bursts := append(append(append(every(0.05, 1, 4), every(0.05, 20, 23)...), every(0.05, 48, 51)...), every(0.05, 95, 100)...)
	for _, c := range []struct {
		name  string
		times []float64
		mark  float64 // 0: none
		now   float64
		want  epi.State
		says  string
	}{
		{"nothing happened to it", steady, 0, 100, epi.StateActive, "Active: 2.0/day"},
		{"too few", []float64{3, 9, 14, 30, 44}, 0, 100, epi.StateInsufficient, "at least 6 are needed"},
		{"silent without a mark", steady, 0, 130, epi.StateQuiet, "never called gone"},
		{"silent since the fix", steady, 100, 130, epi.StateGone, "GONE: silent 30 d since"},
		{"silent for five days", steady, 100, 105, epi.StateDisappearing, "GONE is possible on"},
		{"silent for an hour", steady, 100, 100.04, epi.StateActive, "Active"},
		{"a pause like earlier ones", bursts, 100, 112, epi.StatePaused, "its longest earlier silence was"},
		{"rows go on", join(steady, every(0.5, 100, 150)...), 100, 150, epi.StateNotFixed, "NOT FIXED: rows continue"},
		{"a fifth of the rows go on", append(every(0.25, 1, 100), every(1.3, 100, 150)...), 100, 150, epi.StateReduced, "Reduced, not gone: rate after/before"},
		{"two rows after it was gone", join(steady, 130, 130.4), 100, 131, epi.StateRelapsed, "RELAPSED on"},
		{"one row after it was gone", join(steady, 130), 100, 131, epi.StateRelapseMaybe, "a second one decides"},
		{"rows within the grace, then silence", join(steady, 101, 103), 100, 140, epi.StateGone, "GONE: silent"},
		{"silence that began after the grace", join(steady, 101, 109), 100, 150, epi.StateNotFixed, "a new silence needs a new mark"},
		{"a mark before the first row", steady, 0.5, 100, epi.StateActive, "Active"},
		{"before anything", steady, 0, 0.5, epi.StateInsufficient, "No rows up to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, rows := course(c.times, 200, nil)
			q := epi.Question{Rows: rows, Now: begin + c.now, Detail: true}
			if c.mark > 0 {
				q.Marks = []epi.Mark{{At: begin + c.mark}}
			}
			a := mustEvaluate(t, mustPopulation(t, in), q)
			if a.State != c.want || !strings.Contains(a.String(), c.says) {
				t.Errorf("state %q, want %q with %q: %s", a.State, c.want, c.says, a)
			}
			roundTrip(t, a)
		})
	}
}

// roundTrip checks that an answer survives JSON.
func roundTrip(t *testing.T, a epi.Assessment) {
	t.Helper()
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var back epi.Assessment
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != string(again) {
		t.Errorf("JSON changes:\n%s\n%s", raw, again)
	}
}

// TestBlind stops the whole fleet's reports: nothing is said, and the clock of
// silence stands still.
func TestBlind(t *testing.T) {
	in, rows := course(every(0.5, 1, 100), 200, func(in *epi.Input) {
		in.Outages = []epi.Outage{{From: begin + 100, To: begin + 160}}
	})
	p := mustPopulation(t, in)
	mark := []epi.Mark{{At: begin + 100}}
	if a := mustEvaluate(t, p, epi.Question{Rows: rows, Marks: mark, Now: begin + 150}); a.State != epi.StateBlind {
		t.Errorf("in the outage: %s", a)
	}
	if a := mustEvaluate(t, p, epi.Question{Rows: rows, Marks: mark, Now: begin + 165}); a.State == epi.StateGone || a.Silence.QuietDays > 5.1 {
		t.Errorf("five days after the outage: %s", a)
	}
	if a := mustEvaluate(t, p, epi.Question{Rows: rows, Marks: mark, Now: begin + 180}); a.State != epi.StateGone {
		t.Errorf("twenty days after the outage: %s", a)
	}
}

// TestHalfTheTraffic slows the clock of silence down.
func TestHalfTheTraffic(t *testing.T) {
	in, rows := course(every(0.5, 1, 100), 200, func(in *epi.Input) {
		in.Outages = []epi.Outage{{From: begin + 100, To: begin + 200, Seen: 0.5}}
	})
	p := mustPopulation(t, in)
	a := mustEvaluate(t, p, epi.Question{Rows: rows, Marks: []epi.Mark{{At: begin + 100}}, Now: begin + 120})
	if a.State == epi.StateGone || math.Abs(a.Silence.QuietDays-10) > 0.1 {
		t.Errorf("20 days at half the traffic are %v days: %s", a.Silence.QuietDays, a)
	}
	b := mustEvaluate(t, p, epi.Question{Rows: rows, Marks: []epi.Mark{{At: begin + 100}}, Now: begin + 140})
	if b.State != epi.StateGone {
		t.Errorf("40 days at half the traffic: %s", b)
	}
	if want := a.Silence.NeedUntil; !b.Since.Equal(want) {
		t.Errorf("gone since %s, announced for %s", b.Since, want)
	}
}

// TestStragglers: rows of builds without the fix don't count against it, and
// while such builds run nothing is gone.
func TestStragglers(t *testing.T) {
	in, _ := course(nil, 200, nil)
	in.Crashes.Signature.Values = []string{"a"}
	build := 2
	old, fixed := int32(0), int32(1)
	in.Dimensions[build].Values = []string{"old", "fixed"}
	for i := range in.Exposure.Codes[build] {
		day, host := int(in.Exposure.Day[i])-begin, i%10
		switch {
		case day < 100, day < 125 && host == 0:
			in.Exposure.Codes[build][i] = old
		default:
			in.Exposure.Codes[build][i] = fixed
		}
	}
	var rows []int32
	for _, at := range append(every(0.5, 1, 100), 104, 111, 118) {
		codes := make([]int32, len(in.Dimensions))
		for d := range codes {
			codes[d] = in.Exposure.Codes[d][int(at)*10]
		}
		add(&in, begin+at, 0, 0, codes)
		rows = append(rows, int32(len(rows)))
	}
	p := mustPopulation(t, in)
	q := epi.Question{Rows: rows, Now: begin + 120, Marks: []epi.Mark{{At: begin + 100, Carriers: []epi.Factor{{Dimension: build, Value: fixed}}}}}
	a := mustEvaluate(t, p, q)
	if a.State != epi.StateDisappearing || a.Silence.Stragglers != 3 || math.Abs(a.Silence.UnfixedShare-0.1) > 1e-9 {
		t.Errorf("while a tenth of the fleet lacks the fix: %s (%d stragglers, unfixed %v)", a, a.Silence.Stragglers, a.Silence.UnfixedShare)
	}
	if !strings.Contains(a.Sentence, "10 % of the exposure still lacks the fix") {
		t.Errorf("sentence does not name the unfixed part: %s", a)
	}
	q.Now = begin + 130
	if a := mustEvaluate(t, p, q); a.State != epi.StateGone {
		t.Errorf("after the last host was fixed: %s", a)
	}
	q.Marks[0].Carriers = nil
	if a := mustEvaluate(t, p, q); a.State != epi.StateNotFixed {
		t.Errorf("without knowing the carriers: %s", a)
	}
}

// TestDailyLooksAgree: once gone, a cluster without rows stays gone, and the
// date was announced in advance.
func TestDailyLooksAgree(t *testing.T) {
	in, rows := course(every(0.7, 1, 100), 200, nil)
	p := mustPopulation(t, in)
	mark := []epi.Mark{{At: begin + 100}}
	announced := mustEvaluate(t, p, epi.Question{Rows: rows, Marks: mark, Now: begin + 101}).Silence.NeedUntil
	was := false
	for day := 101.0; day <= 200; day++ {
		a := mustEvaluate(t, p, epi.Question{Rows: rows, Marks: mark, Now: begin + day})
		gone := a.State == epi.StateGone
		if was && !gone {
			t.Fatalf("day %v: gone no more: %s", day, a)
		}
		if gone && !was && !a.Since.Equal(announced) {
			t.Errorf("gone since %s, announced for %s", a.Since, announced)
		}
		if gone != !epi.TimeOf(begin+day).Before(announced) {
			t.Errorf("day %v: gone = %t, announced for %s", day, gone, announced)
		}
		was = gone
	}
	if !was {
		t.Error("never gone")
	}
}

// TestCurve: the curve of silence falls, ends beyond the needed date, and tells
// seen from expected days.
func TestCurve(t *testing.T) {
	in, rows := course(every(0.7, 1, 100), 200, nil)
	a := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Marks: []epi.Mark{{At: begin + 100}}, Now: begin + 105, Detail: true})
	curve := a.Silence.Curve
	if len(curve) < 14 {
		t.Fatalf("%d points", len(curve))
	}
	for i, point := range curve {
		if point.Expected != point.At.After(a.At) {
			t.Errorf("point of %s is expected = %t at %s", point.At, point.Expected, a.At)
		}
		if i > 0 && (point.PWorst > curve[i-1].PWorst || point.PKnown > curve[i-1].PKnown) {
			t.Errorf("the curve rises at %s", point.At)
		}
	}
	if last := curve[len(curve)-1]; last.PWorst > a.Silence.Alpha*1.5 {
		t.Errorf("the curve ends at p = %v, alpha is %v", last.PWorst, a.Silence.Alpha)
	}
}
