package plugin

import (
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// flaw is one thing that the data can't show.
type flaw struct {
	what, where, words string
	from, to           time.Time
	share              *float64 // of what was there that was seen
	count              *float64 // of crashes, or of host-days
}

// qualityTable lists what the archive's data can't show, one flaw a row; nothing
// is known of an archive that does not evaluate.
func qualityTable(q *query.Quality) data.Frames {
	var rows []flaw
	if q != nil {
		rows = flaws(*q)
	}
	f := typed(data.FrameTypeTable,
		column("what", "What", rows, func(r flaw) string { return r.what }),
		column("where", "Where", rows, func(r flaw) string { return r.where }),
		column("from", "From", rows, func(r flaw) *time.Time { return known(r.from) }),
		column("to", "To", rows, func(r flaw) *time.Time { return known(r.to) }),
		column("share", "Seen", rows, func(r flaw) *float64 { return r.share }),
		column("count", "How much", rows, func(r flaw) *float64 { return r.count }),
		column("sentence", "In a sentence", rows, func(r flaw) string { return r.words }),
	)
	f.Fields[4].Config.Unit = "percentunit"
	f.Name = "quality"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return data.Frames{f}
}

func flaws(q query.Quality) []flaw {
	rows := []flaw{
		{what: "Repeats", count: new(float64(q.Repeats)), words: "Rows that tell of a crash which another row tells of. They are counted once."},
		{
			what: "Lateness", count: new(q.LateDays), from: q.Horizon,
			words: fmt.Sprintf("99 of 100 crashes are here within %.2g days. Silence is judged up to %s.", q.LateDays, q.Horizon.UTC().Format("2006-01-02 15:04 UTC")),
		},
	}
	if c := q.Cores; c != nil {
		rows = append(rows, flaw{
			what: "Cores", share: &c.Share, count: new(float64(c.Known)),
			words: fmt.Sprintf("%d of %d crashes that a core or a log tells of left a core (%.0f to %.0f %%).", c.Core, c.Known, 100*c.Lower, 100*c.Upper),
		})
		for _, h := range c.Worst {
			rows = append(rows, flaw{
				what: "Cores", where: h.Host, share: &h.Share, count: new(float64(h.Known)),
				words: fmt.Sprintf("%d of %d crashes left a core, fewer than elsewhere: look at its core_pattern, limits and disk.", h.Core, h.Known),
			})
		}
	}
	if l := q.Limited; l != nil {
		for _, v := range l.Top {
			rows = append(rows, flaw{what: "Limit", where: v.Value, words: "At the limit of what is counted at once: its crashes are a lower bound until what waited is counted."})
		}
		rows = append(rows, flaw{
			what: "Limit", count: new(l.HostDays),
			words: fmt.Sprintf("%d hosts were at the limit, for %.2g host-days in all, with %d rows.", l.Hosts, l.HostDays, l.Rows),
		})
	}
	for _, s := range q.Shades {
		rows = append(rows, shaded(s))
	}
	return rows
}

func shaded(s query.Shade) flaw {
	words := fmt.Sprintf("%.3g crashes were seen where %.3g were expected: the feed may have been dead.", s.Observed, s.Expected)
	what := "Nothing seen"
	if s.Why == query.ShadeCores {
		what, words = "Fewer cores", fmt.Sprintf("%.3g of %.3g crashes left a core, fewer than at other times.", s.Observed, s.Expected)
	}
	return flaw{what: what, where: s.Scope, from: s.From, to: s.To, share: &s.Seen, words: words}
}
