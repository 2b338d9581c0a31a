package epi

import (
	"fmt"
	"strings"
)

// sentence says the verdict for a ticket.
func (v Verdict) sentence() string {
	var s string
	switch v.Kind {
	case KindAll, KindMostly, KindPartly:
		s = v.pinnedSentence()
	case KindScattered, KindScatteredSoFar:
		s = v.scatteredSentence()
	default:
		s = v.insufficientSentence()
	}
	for _, b := range v.Busy {
		s += fmt.Sprintf(" %s is busier or generally sick, not specific: over-represented in everything (%s of fleet, %s of other crashes).", valueWords(b.Values), times(b.Fleet), times(b.Rest))
	}
	return s + " " + v.trust()
}

func (v Verdict) trust() string {
	rows := ""
	if v.Rows != v.Episodes {
		rows = fmt.Sprintf(" in %s", plural(v.Rows, "row"))
	}
	switch v.Grade {
	case GradeTrustworthy:
		return fmt.Sprintf("Trustworthy (%s%s).", plural(v.Episodes, "episode"), rows)
	case GradeProvisional:
		return fmt.Sprintf("Provisional (%s%s, fewer than 30).", plural(v.Episodes, "episode"), rows)
	case GradeHint:
		return fmt.Sprintf("A hint (%s%s, fewer than 10).", plural(v.Episodes, "episode"), rows)
	default:
		return fmt.Sprintf("Anecdote (%s%s).", plural(v.Episodes, "episode"), rows)
	}
}

func (v Verdict) pinnedSentence() string {
	b := v.Best
	subject := "episodes on " + b.Words()
	if v.Kind == KindPartly {
		subject = "episodes, a part, on " + b.Words()
	}
	s := fmt.Sprintf("%d of %d %s (%s of %s", b.Episodes, b.Of, subject, percent(b.Exposure), v.exposureWords())
	if words := v.explainedWords(); words != "" {
		s += "; " + words
	}
	s += ")."
	if len(b.Aliases) > 0 {
		s += fmt.Sprintf(" In this fleet it can't be told apart from %s.", valueList(b.Aliases))
	}
	s += v.machineWords()
	s += fmt.Sprintf(" 95 %% sure that at least %s of this disease is there (p = %s, gain %.0f nats).", atLeast(b.ShareBound), tailWords(b.Log10P), b.Gain)
	if b.Missing {
		s += " But the value stands for \"not known\": find out what is missing before believing it."
	}
	if len(v.Others) > 0 {
		var words []string
		for _, o := range v.Others {
			words = append(words, fmt.Sprintf("%s (%s, %s expected)", valueWords(o.Values), percent(o.Share), percent(o.Expected)))
		}
		s += " Second factor: " + several(words, 3) + "."
	}
	if v.Kind == KindPartly {
		s += " The rest lies elsewhere: there may be two diseases."
	}
	return s
}

func (v Verdict) exposureWords() string {
	if v.Best != nil && v.Best.Reference != "" && len(v.References) > 0 && v.Best.Reference != v.References[0] {
		return "the other crashes; no exposure is known by " + v.Best.Values[0].Noun
	}
	if len(v.References) > 0 && v.References[0] == "fleet" {
		if v.Unit != "" {
			return v.Unit + " on those days"
		}
		return "host-days on those days"
	}
	return "the other crashes; no exposure is known"
}

// explainedWords says what follows from the best explanation.
func (v Verdict) explainedWords() string {
	var words []string
	for _, e := range v.Explained {
		words = append(words, valueWords(e.Values))
	}
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0] + " follows from it"
	default:
		return several(words, 4) + " follow from it"
	}
}

// machineWords names the physical machine: several names are one suspect.
func (v Verdict) machineWords() string {
	m := v.Physical
	if m == nil {
		return ""
	}
	names := make([]string, len(m.Names))
	for i, n := range m.Names {
		names[i] = n.text()
	}
	if len(names) > 1 {
		return fmt.Sprintf(" %s are one physical machine, %s: one suspect, not %d.", several(names, 5), m.Physical.text(), len(names))
	}
	if len(v.Best.predicate) == 1 && v.Best.Values[0] == m.Physical {
		return ""
	}
	return fmt.Sprintf(" It runs on the physical machine %s; another name on it would be the same suspect.", m.Physical.text())
}

func (v Verdict) scatteredSentence() string {
	over := "Scattered"
	if v.OverHosts && v.Hosts != nil {
		over = "Scattered over hosts"
	}
	if v.Kind == KindScatteredSoFar {
		over += " so far"
	}
	s := fmt.Sprintf("%s: %s, and no value of what is compared holds them.", over, plural(v.Episodes, "episode"))
	if h := v.Hosts; h != nil {
		s = fmt.Sprintf("%s: %s on %s (effectively %.0f", over, plural(v.Episodes, "episode"), plural(h.Hosts, "host"), h.Effective)
		if h.Exposed > h.Hosts {
			s += fmt.Sprintf(" of %d", h.Exposed)
		}
		s += fmt.Sprintf("; the top one, %s, has %s), so software or configuration rather than one machine.", h.Top.text(), percent(h.TopShare))
	}
	if v.OverHosts {
		s += v.commonWords()
	} else if v.Kind == KindScatteredSoFar {
		s += fmt.Sprintf(" A value that holds more than %s of the fleet could still hide.", percent(v.Hidden))
	}
	return s
}

// commonWords names what every case shares, with both numbers: first what leans
// towards an explanation, then what the reference has as often.
func (v Verdict) commonWords() string {
	var leaning, plain []string
	for _, c := range v.Common {
		all := fmt.Sprintf("%d of %d", c.Episodes, c.Of)
		if c.Episodes == c.Of {
			all = fmt.Sprintf("all %d", c.Of)
		}
		if c.Gain <= 0 {
			plain = append(plain, fmt.Sprintf("%s have %s, and so has %s of the %s", all, valueWords(c.Values), percent(c.Exposure), c.Reference))
			continue
		}
		leaning = append(leaning, fmt.Sprintf("%s have %s, and so has %s of the %s on those days (p = %s, %s after correction; gain %.1f of the %.0f nats needed: leaning, not shown)",
			all, valueWords(c.Values), percent(c.Exposure), c.Reference, probability(c.PRaw), probability(c.P), c.Gain, c.Needed))
	}
	s := ""
	if len(leaning) > 0 {
		s += " Next thing to look at: " + strings.Join(leaning[:min(len(leaning), 3)], "; ") + "."
	}
	if len(plain) > 0 {
		s += " Nothing is shown by what they share with the rest: " + strings.Join(plain[:min(len(plain), 3)], "; ") + "."
	}
	return s
}

func (v Verdict) insufficientSentence() string {
	if len(v.References) == 0 && v.Episodes >= 5 {
		return fmt.Sprintf("No verdict on %s: neither exposure nor other crashes to compare with.", plural(v.Episodes, "episode"))
	}
	s := fmt.Sprintf("No verdict yet on what %s share.", plural(v.Episodes, "episode"))
	if len(v.Common) > 0 {
		s += v.commonWords()
	}
	return s
}

func valueList(values []Value) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = v.String()
	}
	return several(words, 4)
}

// wouldChange lists what would change the verdict.
func (v Verdict) wouldChange(p Parameters) []string {
	var c []string
	if v.Episodes < p.TrustMin {
		next := p.VerdictMin
		for _, at := range []int{p.VerdictMin, p.SoFarMin, p.TrustMin} {
			if v.Episodes < at {
				next = at
				break
			}
		}
		c = append(c, fmt.Sprintf("%d more episodes make the verdict %s", next-v.Episodes, p.Grade(next)))
	}
	switch v.Kind {
	case KindAll, KindMostly:
		c = append(c, fmt.Sprintf("episodes elsewhere than on %s", v.Best.Words()))
	case KindPartly:
		c = append(c, "splitting it: ask whether it is one disease or two")
	case KindScattered, KindScatteredSoFar:
		c = append(c, "a value that takes a share of the cases far above its share of the fleet")
	}
	if len(v.References) > 0 && v.References[0] != "fleet" {
		c = append(c, "exposure: without it busy and sick machines look alike")
	} else if len(v.References) == 0 && v.Episodes >= p.VerdictMin {
		c = append(c, "exposure, or at least 30 other crashes to compare with")
	}
	return c
}
