package evaluate

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// input turns the store's columns into the statistics' input. Dimensions that
// nothing is known of are left out, because every dimension compared costs
// evidence.
func (k kind) input(pop store.Population, now time.Time) (epi.Input, []string) {
	in := epi.Input{
		To: epi.DayOf(now),
		Crashes: epi.Crashes{
			Class:      epi.Column{Values: pop.Class, Codes: pop.Crashes.Class},
			Signature:  epi.Column{Values: pop.Signature, Codes: pop.Crashes.Signature},
			HostUptime: uptimeDays(pop.Crashes.HostUptime),
		},
	}
	for _, t := range pop.Crashes.Time {
		in.Crashes.Time = append(in.Crashes.Time, float64(t)/microsPerDay)
	}
	notices := append(k.renamed(&pop), k.watch(&in, pop)...)
	for d, dim := range k.compared {
		if !k.tells(pop, d, in.Exposure != nil) {
			continue
		}
		dim.Values = pop.Values[d]
		in.Dimensions = append(in.Dimensions, dim)
		in.Crashes.Codes = append(in.Crashes.Codes, pop.Crashes.Codes[d])
		if in.Exposure != nil {
			in.Exposure.Codes = append(in.Exposure.Codes, pop.Exposure.Codes[d])
		}
	}
	if !k.workflow {
		k.addQuality(&in, pop)
	}
	return in, notices
}

// tells reports whether a dimension can be compared. Where runs are the exposure,
// it must be known of them: of a value that no run can have, every failure that
// has it would look like an excess.
func (k kind) tells(pop store.Population, d int, exposed bool) bool {
	if k.workflow && exposed {
		return slices.ContainsFunc(pop.Exposure.Codes[d], func(code int32) bool { return pop.Values[d][code] != "" })
	}
	return slices.ContainsFunc(pop.Values[d], func(v string) bool { return v != "" })
}

const microsPerDay = 24 * 60 * 60 * 1e6

// watch sets the beginning of the window and the exposure. Where many crashes
// are older than the exposure (a backfill), the exposure can't stand for them:
// they are then judged by the calendar, and a notice says so.
func (k kind) watch(in *epi.Input, pop store.Population) (notices []string) {
	first := in.Crashes.Time[0]
	in.From = math.Floor(first)
	if len(pop.Exposure.Day) == 0 {
		if k.workflow {
			return []string{"No runs of the workflows are known: rates and silence are measured by the calendar."}
		}
		return []string{"No exposure is known: rates and silence are measured by the calendar."}
	}
	watched := float64(slices.Min(pop.Exposure.Day))
	before, _ := slices.BinarySearch(in.Crashes.Time, watched)
	if share := float64(before) / float64(len(in.Crashes.Time)); share > maxUnwatched {
		return []string{fmt.Sprintf("%.0f %% of the crashes are older than the first exposure (%s): rates and silence are measured by the calendar.",
			100*share, epi.TimeOf(watched).Format(time.DateOnly))}
	}
	in.From = math.Min(in.From, watched)
	in.Exposure = &epi.Exposure{Day: pop.Exposure.Day, Weight: pop.Exposure.Days, HostUptime: uptimeDays(pop.Exposure.HostUptime)}
	return nil
}

// maxUnwatched is the share of crashes older than the exposure above which the
// exposure is not used.
const maxUnwatched = 0.02

// marks turns the fixes of the ledger into the statistics' marks.
func (v *view) marks(fixes []query.LedgerFix) []epi.Mark {
	var marks []epi.Mark
	for _, f := range fixes {
		if f.Waiting {
			continue
		}
		m := epi.Mark{At: epi.DayOf(f.At), What: what(f)}
		where, known := v.factor(f.Dimension, f.Value)
		switch {
		case !known:
		case f.Removal:
			m.Removed = epi.Predicate{where}
		default:
			m.Carriers = append(m.Carriers, where)
		}
		for _, build := range f.Builds {
			if carrier, known := v.factor("service.version", build); known {
				m.Carriers = append(m.Carriers, carrier)
			}
		}
		marks = append(marks, m)
	}
	return marks
}

// what words a fix as it is read after "silent since".
func what(f query.LedgerFix) string {
	switch {
	case f.Removal:
		return f.Value + " was removed"
	case f.Text != "":
		return "the fix “" + f.Text + "”"
	default:
		return "the fix"
	}
}

// factor finds a value of a dimension by name.
func (v *view) factor(dimension, value string) (epi.Factor, bool) {
	for d, dim := range v.input.Dimensions {
		if dim.Name != dimension {
			continue
		}
		if code := slices.Index(dim.Values, value); code >= 0 {
			return epi.Factor{Dimension: d, Value: int32(code)}, true
		}
	}
	return epi.Factor{}, false
}
