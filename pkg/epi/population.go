package epi

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"
)

// Population is the archive as the statistics see it: every crash, cut into
// episodes, and the fleet at risk. Build it once for a state of the archive and
// ask it about every cluster; it is read-only and safe for concurrent use.
type Population struct {
	in     Input
	params Parameters

	order    []int32 // rows by time
	rank     []int32 // position of a row in order
	opens    []bool  // row opens an episode
	episodes []int32 // rows that open one, by time
	// postings[d][v] are the positions in episodes that have value v.
	postings [][][]int32
	fleet    *fleet // nil without exposure
	events   []Event
	plans    plans

	missing   [][]int32 // values that stand for "not known", by dimension
	blindOnce sync.Once
	blind     []blindSpan
	cores     *coreIndex

	host, physical, service, build, region int // dimensions by role, -1 if none
}

// NewPopulation checks the input and prepares it. The input's columns are kept,
// not copied: don't change them afterwards. Errors wrap ErrInvalid.
func NewPopulation(in Input) (*Population, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	p := &Population{in: in, params: Defaults(), host: -1, physical: -1, service: -1, build: -1, region: -1}
	if in.Parameters != nil {
		p.params = *in.Parameters
	}
	for d, dim := range in.Dimensions {
		switch dim.Role {
		case RoleHost:
			p.host = d
		case RolePhysicalHost:
			p.physical = d
		case RoleService:
			p.service = d
		case RoleBuild:
			p.build = d
		case RoleRegion:
			p.region = d
		}
	}
	p.chains(p.params.EpisodeGap.Hours() / hoursPerDay)
	p.post()
	p.missing = missingValues(in.Dimensions)
	p.cores = p.indexCores()
	if in.Exposure != nil && len(in.Exposure.Day) > 0 {
		p.fleet = newFleet(in)
	}
	p.events = p.findEvents()
	return p, nil
}

// post lists, for every value, the episodes that have it.
func (p *Population) post() {
	p.postings = make([][][]int32, len(p.in.Dimensions))
	for d := range p.in.Dimensions {
		codes := p.in.Crashes.Codes[d]
		sizes := make([]int, len(p.in.Dimensions[d].Values))
		for _, row := range p.episodes {
			sizes[codes[row]]++
		}
		lists := make([][]int32, len(sizes))
		arena := make([]int32, len(p.episodes))
		for v, n := range sizes {
			lists[v], arena = arena[:0:n], arena[n:]
		}
		for i, row := range p.episodes {
			v := codes[row]
			lists[v] = append(lists[v], int32(i))
		}
		p.postings[d] = lists
	}
}

// Len returns the number of rows.
func (p *Population) Len() int { return len(p.order) }

// Episodes returns the number of episodes.
func (p *Population) Episodes() int { return len(p.episodes) }

// Parameters returns the parameters in use.
func (p *Population) Parameters() Parameters { return p.params }

// Cluster is one cluster and its rows, ordered by time.
type Cluster struct {
	Class, Signature string
	Rows             []int32
}

// Clusters returns the default clusters, class and signature, in descending
// order of rows, then by first row. Rows without a signature are one cluster
// of their class.
func (p *Population) Clusters() []Cluster {
	type key struct{ class, signature int32 }
	c := &p.in.Crashes
	at := map[key]int{}
	var clusters []Cluster
	for _, row := range p.order {
		k := key{c.Class.Codes[row], c.Signature.Codes[row]}
		i, known := at[k]
		if !known {
			i = len(clusters)
			at[k] = i
			clusters = append(clusters, Cluster{Class: c.Class.Values[k.class], Signature: c.Signature.Values[k.signature]})
		}
		clusters[i].Rows = append(clusters[i].Rows, row)
	}
	slices.SortStableFunc(clusters, func(a, b Cluster) int { return cmp.Compare(len(b.Rows), len(a.Rows)) })
	return clusters
}

// Select returns the rows, by time, that keep holds for.
func (p *Population) Select(keep func(row int32) bool) []int32 {
	var rows []int32
	for _, row := range p.order {
		if keep(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// members are the rows and episodes of one question, by time, up to its now.
type members struct {
	rows     []int32
	episodes []int32
	times    []float64 // of the episodes
	repeats  int       // rows that are left out because they repeat another
}

func (p *Population) members(rows []int32, now float64) (members, error) {
	var m members
	for _, row := range rows {
		if row < 0 || int(row) >= len(p.order) {
			return m, fmt.Errorf("%w: row %d of a population of %d", ErrInvalid, row, len(p.order))
		}
		if p.in.Crashes.Time[row] <= now {
			m.rows = append(m.rows, row)
		}
	}
	byRank := func(a, b int32) int { return cmp.Compare(p.rank[a], p.rank[b]) }
	if !slices.IsSortedFunc(m.rows, byRank) { // clusters come so
		slices.SortFunc(m.rows, byRank)
	}
	m.rows = slices.Compact(m.rows)
	if repeat := p.in.Crashes.Repeat; repeat != nil {
		all := len(m.rows)
		m.rows = slices.DeleteFunc(m.rows, func(row int32) bool { return repeat[row] })
		m.repeats = all - len(m.rows)
	}
	for _, row := range m.rows {
		if p.opens[row] {
			m.episodes = append(m.episodes, row)
			m.times = append(m.times, p.in.Crashes.Time[row])
		}
	}
	return m, nil
}

// episodesBetween returns the positions [i, j) in p.episodes of the times
// in [from, to].
func (p *Population) episodesBetween(from, to float64) (i, j int) {
	t := p.in.Crashes.Time
	i = sort.Search(len(p.episodes), func(k int) bool { return t[p.episodes[k]] >= from })
	j = sort.Search(len(p.episodes), func(k int) bool { return t[p.episodes[k]] > to })
	return i, max(i, j)
}

func dayFloor(t float64) int32 { return int32(math.Floor(t)) }
