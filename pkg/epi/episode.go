package epi

import (
	"cmp"
	"slices"
)

// chainKey is what the rows of one episode share.
type chainKey struct {
	host, service, class, signature int32
}

// chains orders all rows by time and finds those that open an episode: the
// first of a chain of rows with the same key at most gap days apart.
func (p *Population) chains(gap float64) {
	c := &p.in.Crashes
	p.order = make([]int32, len(c.Time))
	for i := range p.order {
		p.order[i] = int32(i)
	}
	byTime := func(a, b int32) int {
		if o := cmp.Compare(c.Time[a], c.Time[b]); o != 0 {
			return o
		}
		return p.compareTexts(a, b)
	}
	if !slices.IsSortedFunc(p.order, byTime) { // an archive delivers them so
		slices.SortFunc(p.order, byTime)
	}
	p.rank = make([]int32, len(p.order))
	p.opens = make([]bool, len(p.order))
	last := make(map[chainKey]float64)
	for i, row := range p.order {
		p.rank[row] = int32(i)
		if c.Repeat != nil && c.Repeat[row] {
			continue
		}
		key := p.chain(row)
		t := c.Time[row]
		before, seen := last[key]
		if !seen || t-before > gap {
			p.opens[row] = true
			p.episodes = append(p.episodes, row)
		}
		last[key] = t
	}
}

// compareTexts orders rows of the same instant by what they say, so that the
// answer does not depend on the order of the rows.
func (p *Population) compareTexts(a, b int32) int {
	c := &p.in.Crashes
	for _, col := range []Column{c.Class, c.Signature} {
		if o := cmp.Compare(col.Values[col.Codes[a]], col.Values[col.Codes[b]]); o != 0 {
			return o
		}
	}
	for d, codes := range c.Codes {
		values := p.in.Dimensions[d].Values
		if o := cmp.Compare(values[codes[a]], values[codes[b]]); o != 0 {
			return o
		}
	}
	if c.Core != nil && c.Core[a] != c.Core[b] {
		return cmp.Compare(c.Core[a], c.Core[b])
	}
	return cmp.Compare(p.program(a), p.program(b))
}

func (p *Population) chain(row int32) chainKey {
	c := &p.in.Crashes
	key := chainKey{host: -1, service: -1, class: c.Class.Codes[row], signature: c.Signature.Codes[row]}
	if p.host >= 0 {
		key.host = c.Codes[p.host][row]
	}
	if p.service >= 0 {
		key.service = c.Codes[p.service][row]
	}
	return key
}
