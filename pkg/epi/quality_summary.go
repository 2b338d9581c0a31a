package epi

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Quality says what the data behind an answer can't show: of one cluster, or of
// the whole archive.
type Quality struct {
	// Repeats is the number of rows that tell of a crash that another row tells
	// of (the same host, boot and process within a second). They are counted
	// once.
	Repeats int `json:"repeats"`
	// LateDays is how many days after the crash a late row comes (the 99th
	// percentile); Horizon is the moment up to which silence is judged.
	LateDays float64   `json:"lateDays"`
	Horizon  time.Time `json:"horizon"`
	// Cores is the share of crashes that left a core; nil where no log tells of
	// crashes beside the cores.
	Cores *Cores `json:"cores,omitempty"`
	// Limited tells of hosts at the limit of what is counted at once.
	Limited *Limited `json:"limited,omitempty"`
	// Shades are the spans in which crashes would have been missed although
	// hosts were reporting.
	Shades []Shade `json:"shades,omitempty"`
}

// Limited tells of hosts that were at their limit: their rows are a lower bound
// of the crashes until what waited is counted.
type Limited struct {
	Hosts    int     `json:"hosts"`
	HostDays float64 `json:"hostDays"` // at the limit
	// Top are the hosts with the most time at the limit, at most 5.
	Top []Value `json:"top"`
	// Rows is the number of rows on those hosts and days.
	Rows int `json:"rows"`
	// Rate is the censored rate, crashes per host-day: from the share of
	// host-hours with a crash, which a limit can't lower. 0 without exposure;
	// RowRate counts every row.
	Rate    Real    `json:"rate"`
	RowRate float64 `json:"rowRate"`
}

// Quality returns the quality of the whole archive's data up to a moment.
func (p *Population) Quality(now float64) (Quality, error) {
	m, err := p.members(p.order, now)
	if err != nil {
		return Quality{}, err
	}
	q := p.known(m, now)
	for _, s := range p.blindShades(members{}, now) {
		q.Shades = append(q.Shades, s.public)
	}
	slices.SortStableFunc(q.Shades, func(a, b Shade) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Scope, b.Scope)) })
	if p.cores.log {
		programs := map[int32]bool{}
		for program := range p.cores.programs {
			programs[program] = true
		}
		cores := *p.coresCached(programs, nil, now)
		cores.Worst = p.worstCores(m, cores)
		q.Cores = &cores
	}
	return q, nil
}

// quality returns that of one cluster's data.
func (p *Population) quality(m members, c course, best *Explanation, now float64) Quality {
	out := p.known(m, now)
	out.Cores = p.coresOf(m, best, now)
	for _, s := range c.shades {
		out.Shades = append(out.Shades, s.public)
	}
	return out
}

// known fills in what is counted from rows.
func (p *Population) known(m members, now float64) Quality {
	return Quality{
		Repeats: m.repeats, LateDays: p.in.Late, Horizon: TimeOf(now - p.in.Late), Limited: p.limited(m, now),
	}
}

// limited tells of the hosts that rows fell on while they were at their limit.
func (p *Population) limited(m members, now float64) *Limited {
	if len(p.in.Limits) == 0 || p.host < 0 || len(m.rows) == 0 {
		return nil
	}
	type hostDay struct{ host, day int32 }
	limits := map[hostDay]float64{}
	for _, l := range p.in.Limits {
		if float64(l.Day) <= now {
			limits[hostDay{l.Host, l.Day}] += l.Days
		}
	}
	out := &Limited{}
	hit, byHost := map[[2]int32]bool{}, map[int32]float64{}
	counted := map[hostDay]bool{}
	codes, t := p.in.Crashes.Codes[p.host], p.in.Crashes.Time
	for _, row := range m.rows {
		hit[[2]int32{codes[row], int32(math.Floor(t[row] * hoursPerDay))}] = true
		at := hostDay{codes[row], dayFloor(t[row])}
		days, limited := limits[at]
		if !limited {
			continue
		}
		out.Rows++
		if !counted[at] {
			counted[at] = true
			byHost[at.host] += days
			out.HostDays += days
		}
	}
	if out.Rows == 0 {
		return nil
	}
	out.Hosts = len(byHost)
	out.Top = p.topHosts(byHost)
	if exposed := p.exposedDays(t[m.rows[0]], now); exposed > 0 {
		out.Rate = Real(hoursPerDay * CensoredRate(float64(len(hit)), exposed*hoursPerDay))
		out.RowRate = float64(len(m.rows)) / exposed
	}
	return out
}

// topHosts names the hosts with the most time at their limit.
func (p *Population) topHosts(days map[int32]float64) []Value {
	var hosts []int32
	for h := range days {
		hosts = append(hosts, h)
	}
	slices.SortFunc(hosts, func(a, b int32) int {
		if days[a] != days[b] {
			return cmpFloat(days[b], days[a])
		}
		names := p.in.Dimensions[p.host].Values
		return cmp.Compare(names[a], names[b])
	})
	var top []Value
	for _, h := range hosts[:min(len(hosts), 5)] {
		top = append(top, p.words(Predicate{{p.host, h}})...)
	}
	return top
}

// exposedDays adds up the fleet's exposure between two moments, by whole days.
func (p *Population) exposedDays(from, to float64) float64 {
	if p.fleet == nil {
		return 0
	}
	var total float64
	for i, w := range p.fleet.total {
		if day := float64(p.fleet.first) + float64(i); day >= math.Floor(from) && day <= to {
			total += w
		}
	}
	return total
}

// worstCores lists the hosts whose share of cores is clearly below the fleet's.
func (p *Population) worstCores(m members, all Cores) []HostCores {
	if p.host < 0 {
		return nil
	}
	core, known := map[int32]int{}, map[int32]int{}
	for _, row := range m.episodes {
		host := p.in.Crashes.Codes[p.host][row]
		switch p.in.Crashes.Core[row] {
		case WitnessCore:
			core[host]++
			known[host]++
		case WitnessLog:
			known[host]++
		}
	}
	var worst []HostCores
	for host, n := range known {
		share, _, upper := Ascertainment(core[host], n)
		if upper < all.Lower {
			worst = append(worst, HostCores{Host: p.in.Dimensions[p.host].Values[host], Core: core[host], Known: n, Share: share})
		}
	}
	slices.SortFunc(worst, func(a, b HostCores) int {
		if a.Known != b.Known {
			return b.Known - a.Known
		}
		return cmp.Compare(a.Host, b.Host)
	})
	return worst[:min(len(worst), worstHosts)]
}

// Notes words what a reader must know before believing the answer, nothing when
// all is well. programs names whose cores are counted: "its programs".
func (q Quality) Notes(programs string) []string {
	var notes []string
	if q.Repeats > 0 {
		notes = append(notes, fmt.Sprintf("%s told again of a crash that another row tells of (same host, boot and process within a second): counted once", plural(q.Repeats, "row")))
	}
	if q.LateDays >= 1 {
		notes = append(notes, fmt.Sprintf("one row in a hundred comes more than %s late: silence is judged up to %s", days(q.LateDays), minute(q.Horizon)))
	}
	for _, s := range q.Shades {
		notes = append(notes, s.String())
	}
	if c := q.Cores; c != nil && c.Known > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d known crashes of %s left a core (%s; 95 %%: %s to %s)", c.Core, c.Known, programs, percent(c.Share), percent(c.Lower), percent(c.Upper)))
	}
	if l := q.Limited; l != nil {
		text := fmt.Sprintf("%s at the exporter's limit (%s): %s on those days are a lower bound", plural(l.Hosts, "host")+words(l.Hosts, " was", " were"), valueList(l.Top), plural(l.Rows, "row"))
		if l.Rate > 0 {
			text += fmt.Sprintf("; by host-hours with a crash the rate is %s per host, by rows %s", rateWords(float64(l.Rate)), rateWords(l.RowRate))
		}
		notes = append(notes, text)
	}
	return notes
}

// String says it in a sentence.
func (s Shade) String() string {
	from, to := s.From.Format(time.DateOnly), s.To.Format(time.DateOnly)
	if s.Why == ShadeCores {
		return fmt.Sprintf("from %s to %s fewer crashes of its programs left a core (%.0f of %.0f known, %s of the share at other times): the clock of silence runs slower", from, to, s.Observed, s.Expected, percent(s.Seen))
	}
	return fmt.Sprintf("from %s to %s next to no other crash of %s was seen (%.0f where %.0f were expected): the feed looks dead, and the clock of silence stands still there", from, to, s.Scope, s.Observed, s.Expected)
}

func words(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
