package population

import (
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/epi"
)

// checkDays evaluates every day from the fix mark to the end; the whole archive
// where a state must never be and no fix is marked.
func (k *checker) checkDays() {
	marks := k.c.Marks()
	begin := k.p.From
	if len(marks) > 0 {
		begin = marks[0].At
	} else if len(k.c.MustNeverBe) == 0 {
		return
	}
	before := map[epi.State]bool{}
	after := false
	for now := begin.Add(day); !now.After(k.p.To); now = now.Add(day) {
		a, err := k.ev.Assess(k.selector, marks, now)
		if err != nil {
			k.fail("at %s: %v", now.Format(time.RFC3339), err)
			return
		}
		if slices.Contains(k.c.MustNeverBe, string(a.State)) {
			k.fail("is %q at %s: %s", a.State, now.Format(time.RFC3339), a.Sentence)
			return
		}
		if k.c.RelapseTrue != nil {
			if now.Before(*k.c.RelapseTrue) {
				before[a.State] = true
				continue
			}
			after = after || a.State == epi.StateRelapsed || a.State == epi.StateRelapseMaybe
			if a.State == epi.StateGone && k.rowBetween(*k.c.RelapseTrue, now) {
				k.fail("is still gone at %s, after its relapse", now.Format(time.RFC3339))
				return
			}
		}
		if p := k.c.Pause; p != nil && now.After(p[0]) && now.Before(p[1]) && a.State == epi.StateDisappearing {
			k.fail("is %q in its pause at %s", a.State, now.Format(time.RFC3339))
		}
	}
	if want := k.c.StateBeforeRelapse; want != "" && !before[epi.State(want)] {
		k.fail("was never %q before its relapse", want)
	}
	if k.c.RelapseTrue != nil && !after {
		k.fail("its relapse was never seen")
	}
}

// rowBetween reports whether the cluster has a row in an interval.
func (k *checker) rowBetween(from, to time.Time) bool {
	return slices.ContainsFunc(k.p.Rows, func(r Row) bool {
		return k.selector.Matches(r) && !r.Time.Before(from) && !r.Time.After(to)
	})
}
