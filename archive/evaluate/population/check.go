package population

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/epi"
)

// Evaluator is the evaluation under test.
type Evaluator interface {
	// Assess evaluates the selected rows at an instant. The answer's values
	// carry the column names of Columns as their dimensions.
	Assess(s Selector, marks []Mark, now time.Time) (epi.Assessment, error)
	// Split asks for one disease or two; by is "class", "signature",
	// "column=value", or "" for a search.
	Split(s Selector, by string, now time.Time) (epi.Split, error)
}

// Mark is a fix mark; Removed says what was taken away, as column=value.
type Mark struct {
	At      time.Time
	What    string
	Removed []Condition
}

// Check holds an evaluation to the population's truth and returns what is
// wrong, nothing when all is well. Clusters with a fix mark are evaluated on
// every day from the mark on.
func (p *Population) Check(ev Evaluator) []string {
	var wrong []string
	var missed []string
	for _, c := range p.Truth.Clusters {
		k := checker{p: p, ev: ev, c: c}
		k.run()
		wrong = append(wrong, k.wrong...)
		missed = append(missed, k.missed...)
	}
	if len(missed) > missesAllowed {
		wrong = append(wrong, missed...)
	}
	for _, s := range p.Truth.OneOrTwo {
		symptom, err := ParseSelector(s.Symptom)
		if err == nil {
			var got epi.Split
			if got, err = ev.Split(symptom, s.Split, p.To); err == nil && got.Verdict != splitVerdicts[s.Verdict] {
				wrong = append(wrong, fmt.Sprintf("%s: %s split by %q is %q (Δ %.1f), want %q", p.Name, s.Symptom, s.Split, got.Verdict, got.Gain, s.Verdict))
			}
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %s split by %q: %v", p.Name, s.Symptom, s.Split, err))
		}
	}
	return append(wrong, p.checkCounts()...)
}

// checkCounts checks what the truth says about the files themselves.
func (p *Population) checkCounts() []string {
	var wrong []string
	if p.Truth.Rows != 0 && p.Truth.Rows != len(p.Rows) {
		wrong = append(wrong, fmt.Sprintf("%s: truth counts %d rows, the file has %d", p.Name, p.Truth.Rows, len(p.Rows)))
	}
	hosts := map[string]bool{}
	for _, h := range p.Hosts {
		hosts[h.Values[Host]] = true
	}
	if p.Truth.HostN != 0 && p.Truth.HostN != len(hosts) {
		wrong = append(wrong, fmt.Sprintf("%s: truth counts %d hosts, the file has %d", p.Name, p.Truth.HostN, len(hosts)))
	}
	if p.Truth.Outages != nil && len(p.Truth.Outages) != len(p.Outages) {
		wrong = append(wrong, fmt.Sprintf("%s: truth has %d outages, the file %d", p.Name, len(p.Truth.Outages), len(p.Outages)))
	}
	return wrong
}

// checker holds one cluster to its truth.
type checker struct {
	p        *Population
	ev       Evaluator
	c        ClusterTruth
	selector Selector
	wrong    []string
	missed   []string // onsets that the interval misses by little
}

// missesAllowed is how many onsets of a population may lie before their interval.
// An interval of 95 % is missed on that side by one truth in forty, so that two
// misses among ten clusters are as unlikely (2.5 %) as the interval promises.
const missesAllowed = 1

func (k *checker) fail(format string, args ...any) {
	k.wrong = append(k.wrong, fmt.Sprintf("%s: %s: ", k.p.Name, k.c.Cluster)+fmt.Sprintf(format, args...))
}

func (k *checker) run() {
	var err error
	if k.selector, err = ParseSelector(k.c.Cluster); err != nil {
		k.fail("%v", err)
		return
	}
	end, err := k.ev.Assess(k.selector, k.c.Marks(), k.p.To)
	if err != nil {
		k.fail("%v", err)
		return
	}
	k.checkRows(end)
	k.checkVerdict(end.Verdict)
	k.checkOnset(end.Onset)
	k.checkDecoy(end.Verdict)
	if k.c.StateAtEnd != "" && end.State != epi.State(k.c.StateAtEnd) {
		k.fail("state at the end is %q, want %q: %s", end.State, k.c.StateAtEnd, end.Sentence)
	}
	k.checkRates(end)
	k.checkDays()
}

// Marks returns the fix marks that the truth gives a cluster.
func (c ClusterTruth) Marks() []Mark {
	at := c.FixMark
	if at == nil {
		at = c.RemovedAt
	}
	if at == nil {
		return nil
	}
	mark := Mark{At: *at}
	switch {
	case c.RemovedAt != nil && c.Value != "":
		mark.What = c.Value + " was removed"
		mark.Removed, _ = c.values()
	case c.FixBuild != "":
		mark.What = c.FixBuild + " was rolled out"
	}
	return []Mark{mark}
}

func (k *checker) checkRows(a epi.Assessment) {
	rows, signatures := 0, map[string]bool{}
	for _, r := range k.p.Rows {
		if k.selector.Matches(r) {
			rows++
			signatures[r.Signature] = true
		}
	}
	if a.Rows != rows {
		k.fail("%d rows were looked at, the file has %d", a.Rows, rows)
	}
	if k.c.RowN != nil && *k.c.RowN != rows {
		k.fail("truth counts %d rows, the file has %d", *k.c.RowN, rows)
	}
	if k.c.SignatureN != nil && *k.c.SignatureN != len(signatures) {
		k.fail("truth counts %d signatures, the file has %d", *k.c.SignatureN, len(signatures))
	}
	if g := k.c.grade(); g != "" && a.Grade != g {
		k.fail("grade is %q, want %q", a.Grade, g)
	}
	for name, want := range map[string]*time.Time{"first": k.c.FirstRow, "last": k.c.LastRow} {
		got := a.FirstSeen
		if name == "last" {
			got = a.LastSeen
		}
		if want != nil && math.Abs(got.Sub(*want).Seconds()) > 1 {
			k.fail("%s row is at %s, want %s", name, got.Format(time.RFC3339), want.Format(time.RFC3339))
		}
	}
	for _, s := range k.c.CrashLoopSignatures {
		k.checkLoop(s)
	}
}

// checkLoop expects a crash-loop signature to have far more rows than episodes.
func (k *checker) checkLoop(signature string) {
	a, err := k.ev.Assess(append(slices.Clone(k.selector), Condition{"signature", []string{signature}}), nil, k.p.To)
	if err != nil {
		k.fail("%v", err)
	} else if a.Episodes >= a.Rows {
		k.fail("crash loop %s has %d rows and %d episodes", signature, a.Rows, a.Episodes)
	}
}

// checkVerdict compares kind and value. Of a truth "all on v" that so few rows
// can't show by any count (see beyondReach), v must be named as what every case
// shares instead.
func (k *checker) checkVerdict(v epi.Verdict) {
	want, _ := k.c.values()
	if v.Kind != epi.Kind(k.c.Verdict) {
		if epi.Kind(k.c.Verdict) != epi.KindAll || v.Concentrated() || !k.leans(v, want) || !k.beyondReach(v, want) {
			k.fail("verdict is %q, want %q: %s", v.Kind, k.c.Verdict, v.Sentence)
		}
		return
	}
	if len(want) > 0 && !matches(v.Best.Values, want, v.Best.Aliases) {
		k.fail("%q on %s, want %s=%s", v.Kind, v.Best.Words(), k.c.Dimension, k.c.Value)
	}
	for _, text := range k.c.ExplainedAway {
		s, _ := ParseSelector(text)
		if !slices.ContainsFunc(v.Explained, func(e epi.Explained) bool { return matches(e.Values, s, nil) }) {
			k.fail("%s is not explained away", text)
		}
	}
	for _, text := range k.c.Aliases {
		k.checkAlias(v, text)
	}
}

// checkAlias expects "instance_type=L32as_v4 (implies …)" to be named as an
// alias, or explained away.
func (k *checker) checkAlias(v epi.Verdict, text string) {
	words, _, _ := strings.Cut(text, " (")
	s, err := ParseSelector(words)
	if err != nil {
		k.fail("alias: %v", err)
		return
	}
	named := matches(v.Best.Aliases, s, nil) || slices.ContainsFunc(v.Best.Aliases, func(a epi.Value) bool { return matches([]epi.Value{a}, s, nil) })
	if !named && !slices.ContainsFunc(v.Explained, func(e epi.Explained) bool { return matches(e.Values, s, nil) }) {
		k.fail("%s is neither an alias nor explained away", words)
	}
}

// leans reports whether the value is named among what every case shares, short
// of the evidence needed.
func (k *checker) leans(v epi.Verdict, want []Condition) bool {
	if len(want) == 0 {
		return false
	}
	for _, w := range want {
		if !slices.ContainsFunc(v.Common, func(c epi.Common) bool {
			return c.Gain < c.Needed && matches(c.Values, []Condition{w}, nil)
		}) {
			return false
		}
	}
	return true
}

// matches compares values with conditions, in any order; an alias may stand for
// one of them.
func matches(got []epi.Value, want []Condition, aliases []epi.Value) bool {
	if len(got) != len(want) {
		return false
	}
	for _, w := range want {
		same := func(v epi.Value) bool { return v.Dimension == w.Column && v.Value == w.Values[0] }
		if !slices.ContainsFunc(got, same) && !slices.ContainsFunc(aliases, same) {
			return false
		}
	}
	return true
}

func (k *checker) checkOnset(o *epi.Onset) {
	at, older, _ := k.c.onset()
	if at.IsZero() && !older {
		return
	}
	switch {
	case o == nil:
		k.fail("no onset, want %s", k.c.OnsetTrue)
	case older && !o.Censored:
		k.fail("onset is dated %s, but it is older than the archive", o)
	case older:
	case o.Censored:
		k.fail("onset is called older than the archive (p = %.3g), want %s", o.BeforeArchiveBursty, k.c.OnsetTrue)
	case at.Before(o.Earliest) || at.After(o.First):
		wrong := fmt.Sprintf("onset %s is not within %s to %s", k.c.OnsetTrue, o.Earliest.Format(time.RFC3339), o.First.Format(time.RFC3339))
		// twice the width is missed by one truth in a thousand or so
		if at.After(o.First) || at.Before(o.Earliest.Add(-o.First.Sub(o.Earliest))) {
			k.fail("%s", wrong)
			return
		}
		k.missed = append(k.missed, fmt.Sprintf("%s: %s: %s", k.p.Name, k.c.Cluster, wrong))
	}
}

// checkDecoy expects a merely busy host never to be the verdict.
func (k *checker) checkDecoy(v epi.Verdict) {
	if b := k.p.Truth.BusyHost; b != nil && v.Best != nil {
		for _, value := range v.Best.Values {
			if value.Dimension == Columns[Host] && value.Value == b.Host && k.c.Value != b.Host {
				k.fail("the busy host %s is blamed: %s", b.Host, v.Sentence)
			}
		}
	}
}

func (k *checker) checkRates(a epi.Assessment) {
	if want := k.c.RateRatioTrue; want != nil {
		r := a.Reduction
		if r == nil || float64(r.Lower) > *want || float64(r.Upper) < *want {
			k.fail("the rate ratio %v does not cover %.2f", r, *want)
		}
	}
	if want := k.c.RatePerDay; want != nil && a.Silence != nil && math.Abs(a.Silence.Rate / *want - 1) > 0.1 {
		k.fail("rate is %.3g a day, want %.3g", a.Silence.Rate, *want)
	}
}
