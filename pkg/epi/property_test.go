package epi_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/pkg/epi"
)

// smallArchive draws an archive of a few clusters on a small fleet, with bursts,
// loops and a concentrated cluster now and then.
func smallArchive(t *rapid.T) epi.Input {
	s := shape{rows: 1, clusters: 1, hosts: rapid.IntRange(2, 12).Draw(t, "hosts"), days: rapid.IntRange(20, 60).Draw(t, "days"), physical: true, seed: rapid.Uint64().Draw(t, "seed")}
	in := s.archive()
	in.Crashes.Signature.Values = []string{"a", "b", "c"}
	rows := rapid.IntRange(1, 120).Draw(t, "rows")
	only := rapid.IntRange(-1, s.hosts-1).Draw(t, "only") // host of cluster a
	for i := range rows {
		// whole minutes, so that a shift by days is exact
		at := float64(rapid.IntRange(0, s.days*1440-1).Draw(t, "minute")) / 1440
		host := rapid.IntRange(0, s.hosts-1).Draw(t, "host")
		signature := int32(i % 3)
		if signature == 0 && only >= 0 {
			host = only
		}
		codes := make([]int32, len(in.Dimensions))
		row := (int(at)*s.hosts + host)
		for d := range codes {
			codes[d] = in.Exposure.Codes[d][row]
		}
		add(&in, begin+at, 0, signature, codes)
	}
	if rapid.Bool().Draw(t, "with quality") {
		drawQuality(t, &in, s.hosts)
	}
	return in
}

// drawQuality says of the rows how good they are.
func drawQuality(t *rapid.T, in *epi.Input, hosts int) {
	c := &in.Crashes
	lost := begin + float64(rapid.IntRange(0, 60).Draw(t, "cores are lost from"))
	for _, at := range c.Time {
		w := epi.WitnessCore
		if at >= lost || rapid.IntRange(0, 5).Draw(t, "log only") == 0 {
			w = epi.WitnessLog
		}
		c.Core = append(c.Core, w)
		c.Program = append(c.Program, int32(rapid.IntRange(0, 2).Draw(t, "program")))
		c.Repeat = append(c.Repeat, rapid.IntRange(0, 9).Draw(t, "repeat") == 0)
	}
	in.Late = rapid.Float64Range(0, 10).Draw(t, "late")
	for range rapid.IntRange(0, 4).Draw(t, "limits") {
		in.Limits = append(in.Limits, epi.Limit{
			Day: begin + int32(rapid.IntRange(0, 59).Draw(t, "day")), Host: int32(rapid.IntRange(0, hosts-1).Draw(t, "host")), Days: 0.25,
		})
	}
	if rapid.Bool().Draw(t, "one disease") {
		c.OneDisease = []int32{0}
	}
}

// questions asks about every cluster of an archive.
func questions(t *rapid.T, in epi.Input, p *epi.Population) []epi.Question {
	mark := in.From + float64(rapid.IntRange(1, int(in.To-in.From)).Draw(t, "mark"))
	var qs []epi.Question
	for _, c := range p.Clusters() {
		q := epi.Question{Name: c.Signature, Rows: c.Rows, Now: in.To, Detail: true}
		qs = append(qs, q)
		q.Marks = []epi.Mark{{At: mark}}
		qs = append(qs, q)
	}
	return qs
}

// answers evaluates all questions and returns the answers as JSON: NaN or an
// untyped Inf anywhere is an error of the encoder.
func answers(t rapid.TB, p *epi.Population, qs []epi.Question) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, q := range qs {
		a, err := p.Evaluate(q)
		if err != nil {
			t.Fatalf("evaluate %s: %v", q.Name, err)
		}
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatalf("%s: %v", q.Name, err)
		}
		name := q.Name
		if len(q.Marks) > 0 {
			name += " marked"
		}
		all[name] = string(raw)
	}
	return all
}

func equalAnswers(t rapid.TB, got, want map[string]string) {
	t.Helper()
	for name, w := range want {
		if got[name] != w {
			t.Fatalf("%s:\n got %s\nwant %s", name, got[name], w)
		}
	}
}

// permuted returns the crashes in another order.
func permuted(in epi.Input, order []int) epi.Input {
	c := in.Crashes
	out := epi.Crashes{Class: epi.Column{Values: c.Class.Values}, Signature: epi.Column{Values: c.Signature.Values}, Codes: make([][]int32, len(c.Codes))}
	out.OneDisease = c.OneDisease
	for _, i := range order {
		if c.Core != nil {
			out.Core, out.Program, out.Repeat = append(out.Core, c.Core[i]), append(out.Program, c.Program[i]), append(out.Repeat, c.Repeat[i])
		}
		out.Time = append(out.Time, c.Time[i])
		out.Class.Codes = append(out.Class.Codes, c.Class.Codes[i])
		out.Signature.Codes = append(out.Signature.Codes, c.Signature.Codes[i])
		for d := range c.Codes {
			out.Codes[d] = append(out.Codes[d], c.Codes[d][i])
		}
	}
	in.Crashes = out
	return in
}

func TestRowOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := smallArchive(t)
		p := mustPopulation(t, in)
		qs := questions(t, in, p)
		order := rapid.Permutation(indexes(len(in.Crashes.Time))).Draw(t, "order")
		other := mustPopulation(t, permuted(in, order))
		equalAnswers(t, answers(t, other, again(qs, other)), answers(t, p, qs))
	})
}

// TestDuplicatesAreOneEpisode doubles every row: rows double, nothing else.
func TestDuplicatesAreOneEpisode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := smallArchive(t)
		p := mustPopulation(t, in)
		qs := questions(t, in, p)
		n := len(in.Crashes.Time)
		twice := mustPopulation(t, permuted(in, append(indexes(n), indexes(n)...)))
		for i, q := range again(qs, twice) {
			one, two := mustEvaluate(t, p, qs[i]), mustEvaluate(t, twice, q)
			if two.Rows != 2*one.Rows {
				t.Fatalf("%d rows, want %d", two.Rows, 2*one.Rows)
			}
			if two.Episodes != one.Episodes || two.State != one.State || two.Verdict.Kind != one.Verdict.Kind || two.Grade != one.Grade {
				t.Fatalf("got %s\nwant %s", two, one)
			}
		}
	})
}

// TestNamesDoNotMatter renames every value and renumbers the codes.
func TestNamesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := smallArchive(t)
		p := mustPopulation(t, in)
		qs := questions(t, in, p)
		want := answers(t, p, qs)
		renamed := in
		renamed.Dimensions = append([]epi.Dimension{}, in.Dimensions...)
		renamed.Crashes.Codes, renamed.Exposure = append([][]int32{}, in.Crashes.Codes...), &epi.Exposure{Day: in.Exposure.Day, Weight: in.Exposure.Weight, Codes: append([][]int32{}, in.Exposure.Codes...)}
		for d, dim := range in.Dimensions {
			n := len(dim.Values)
			values := make([]string, n)
			for v, name := range dim.Values {
				values[n-1-v] = name + "_renamed"
			}
			renamed.Dimensions[d].Values = values
			renamed.Crashes.Codes[d] = mirrored(in.Crashes.Codes[d], n)
			renamed.Exposure.Codes[d] = mirrored(in.Exposure.Codes[d], n)
		}
		renamed.Limits = nil
		for _, l := range in.Limits {
			l.Host = int32(len(in.Dimensions[1].Values)-1) - l.Host
			renamed.Limits = append(renamed.Limits, l)
		}
		got := answers(t, mustPopulation(t, renamed), qs)
		for name := range got {
			got[name] = strings.ReplaceAll(got[name], "_renamed", "")
		}
		equalAnswers(t, got, want)
	})
}

func mirrored(codes []int32, n int) []int32 {
	out := make([]int32, len(codes))
	for i, c := range codes {
		out[i] = int32(n-1) - c
	}
	return out
}

// TestShiftOfTime moves everything by whole days: probabilities stay.
func TestShiftOfTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := smallArchive(t)
		p := mustPopulation(t, in)
		qs := questions(t, in, p)
		by := float64(rapid.IntRange(-3000, 3000).Draw(t, "days"))
		shifted := permuted(in, indexes(len(in.Crashes.Time)))
		shifted.From, shifted.To = in.From+by, in.To+by
		for i := range shifted.Crashes.Time {
			shifted.Crashes.Time[i] += by
		}
		shifted.Limits = nil
		for _, l := range in.Limits {
			l.Day += int32(by)
			shifted.Limits = append(shifted.Limits, l)
		}
		shifted.Exposure = &epi.Exposure{Weight: in.Exposure.Weight, Codes: in.Exposure.Codes}
		for _, d := range in.Exposure.Day {
			shifted.Exposure.Day = append(shifted.Exposure.Day, d+int32(by))
		}
		other := mustPopulation(t, shifted)
		for i, q := range again(qs, other) {
			q.Now += by
			for k := range q.Marks {
				q.Marks = []epi.Mark{{At: q.Marks[k].At + by}}
			}
			one, two := mustEvaluate(t, p, qs[i]), mustEvaluate(t, other, q)
			if one.State != two.State || one.Verdict.Kind != two.Verdict.Kind || one.Episodes != two.Episodes {
				t.Fatalf("got %s\nwant %s", two, one)
			}
			if one.Silence != nil && math.Abs(one.Silence.PWorst-two.Silence.PWorst) > 1e-6 {
				t.Fatalf("p = %v, want %v", two.Silence.PWorst, one.Silence.PWorst)
			}
			if b := one.Verdict.Best; b != nil && math.Abs(b.Gain-two.Verdict.Best.Gain) > 1e-6 {
				t.Fatalf("gain = %v, want %v", two.Verdict.Best.Gain, b.Gain)
			}
		}
	})
}

// again asks the same of another population, whose row numbers differ.
func again(qs []epi.Question, p *epi.Population) []epi.Question {
	rows := map[string][]int32{}
	for _, c := range p.Clusters() {
		rows[c.Signature] = c.Rows
	}
	out := append([]epi.Question{}, qs...)
	for i := range out {
		out[i].Rows = rows[out[i].Name]
	}
	return out
}

func indexes(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// TestSilenceProperties: p falls with silence, the required time reaches
// alpha, smaller alphas need more, and crash loops add no evidence.
func TestSilenceProperties(t *testing.T) {
	params := epi.Defaults()
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.Float64Range(0, 50), 0, 60).Draw(t, "gaps")
		run := rapid.Float64Range(0, 60).Draw(t, "run")
		quiet := rapid.Float64Range(0, 500).Draw(t, "quiet")
		more := quiet + rapid.Float64Range(0, 500).Draw(t, "more")
		span := rapid.Float64Range(0, 1000).Draw(t, "span")
		history := params.Pauses(gaps)
		p, later := history.P(run, quiet), history.P(run, more)
		if !(p >= 0 && p <= 1) || later > p {
			t.Fatalf("p = %v after %v days and %v after %v", p, quiet, later, more)
		}
		need := history.Required(run, 0.0025, span)
		if !history.Enough() {
			if p != 1 || !math.IsInf(need, 1) {
				t.Fatalf("with %d gaps p = %v and need = %v", len(gaps), p, need)
			}
			return
		}
		if got := history.P(run, need+1e-9*(1+need)); got > 0.0025*(1+1e-6) {
			t.Fatalf("after the required %v days p = %v", need, got)
		}
		if need < params.QuietMin || history.Required(run, 0.0005, span) < need {
			t.Fatalf("need = %v, and %v at a smaller alpha", need, history.Required(run, 0.0005, span))
		}
		// ten seconds apart: a loop of twenty more rows
		loop := params.Pauses(append(append([]float64{}, gaps...), make([]float64, 20)...))
		if loop.Bursty() == history.Bursty() && loop.P(run, quiet) < p*(1-1e-9) {
			t.Fatalf("twenty rows of a loop lower p from %v to %v", p, loop.P(run, quiet))
		}
	})
}

// TestBounds: the union bound is above the exact probability, tails fall, and
// intervals cover the share.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, hosts := rapid.IntRange(1, 60).Draw(t, "n"), rapid.IntRange(1, 300).Draw(t, "hosts")
		m := rapid.IntRange(1, n).Draw(t, "m")
		exact, bound := epi.PMaxGE(m, n, hosts), epi.PMaxBoundEqual(m, n, hosts)
		if exact > bound+1e-9 || exact < -1e-9 {
			t.Fatalf("P(some host ≥ %d of %d on %d) = %v, bound %v", m, n, hosts, exact, bound)
		}
		w := rapid.Float64Range(0, 1).Draw(t, "w")
		if tail, next := epi.BinomTail(m, n, w), epi.BinomTail(m+1, n, w); next > tail+1e-12 || tail > 1 {
			t.Fatalf("tails %v, %v", tail, next)
		}
		if log, tail := epi.LogBinomTail(m, n, w), epi.BinomTail(m, n, w); tail > 1e-250 && math.Abs(math.Exp(log)-tail) > 1e-9*tail {
			t.Fatalf("ln %v of %v", log, tail)
		}
		lo, hi := epi.ClopperPearson(float64(m), float64(n), 0.95)
		if share := float64(m) / float64(n); lo > share || hi < share || lo < 0 || hi > 1 {
			t.Fatalf("%d of %d: [%v, %v]", m, n, lo, hi)
		}
		ps := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 30).Draw(t, "p")
		for i, q := range epi.BH(ps) {
			if q < ps[i]-1e-12 || q > math.Min(1, ps[i]*float64(len(ps)))+1e-12 {
				t.Fatalf("q = %v for p = %v of %d", q, ps[i], len(ps))
			}
		}
	})
}

// TestNoNaN calls every exported function of numbers with edge values.
func TestNoNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5000).Draw(t, "n")
		c := rapid.IntRange(0, n).Draw(t, "c")
		w := rapid.SampledFrom([]float64{0, 1e-300, 1e-12, 0.0025, 0.5, 1 - 1e-12, 1}).Draw(t, "w")
		finite(t, "tail", epi.BinomTail(c, n, w))
		finite(t, "bound", epi.CPLower(float64(c), float64(n), 0.95))
		finite(t, "bound", epi.CPUpper(float64(c), float64(n), 0.95))
		if w > 0 {
			finite(t, "gain", epi.Gain(n, c, w, 400, 7))
		}
		finite(t, "share", epi.ExpectedShare(w, w, w, w))
		if n > 0 && math.IsNaN(epi.LogBinomTail(c, n, w)) {
			t.Fatalf("ln tail of %d of %d at %v is NaN", c, n, w)
		}
		times := rapid.SliceOfN(rapid.Float64Range(0, 100), 0, 40).Draw(t, "times")
		finite(t, "scan", epi.TimeScan(times, 0, 100, 100).Gain)
		finite(t, "dispersion", epi.DailyDispersion(times))
		finite(t, "onset", epi.OnsetZeroQuantile(float64(n), w*100, 0, 100, 0.5))
		finite(t, "older", epi.OnsetBeforeArchive(float64(n), w*100, 0, 100))
	})
}

func finite(t *rapid.T, what string, x float64) {
	t.Helper()
	if math.IsNaN(x) || math.IsInf(x, 0) {
		t.Fatalf("%s is %v", what, x)
	}
}
