package ledger

import (
	"slices"

	"github.com/epicurve/epicurve/pkg/query"
)

func (b *Book) applySplit(e query.LedgerEvent) {
	if e.Parting == nil {
		return
	}
	of := b.entry(b.Canonical(e.Cluster))
	of.Parts = append(of.Parts, query.LedgerPart{Parting: *e.Parting, Into: e.Into, Event: e.ID, Time: e.Time, Actor: e.Actor})
	part := b.entry(b.Canonical(e.Into))
	if part != of {
		part.PartOf = e.Cluster
	}
}

// Splits lists the splits that stand, in the order in which they are applied:
// each takes from its cluster, as the ones before have left it, what its parting
// selects, and adds it to the cluster Into.
func (b *Book) Splits() []query.LedgerEvent { return b.splits }

// SplitDimensions lists the dimensions that splits look at, each once, sorted.
func (b *Book) SplitDimensions() []string {
	var names []string
	for _, e := range b.splits {
		if e.Parting != nil {
			names = append(names, e.Parting.Dimension)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Selection says how a cluster is picked from the records: those of the cluster
// Of that pass the filters.
type Selection struct {
	Of      string
	Filters []query.Filter
}

// Selections returns what a cluster consists of once splits are applied; the
// clusters that were merged into it are not among it.
func (b *Book) Selections(cluster string) []Selection {
	parts := map[string][]Selection{}
	of := func(key string) []Selection {
		if s, ok := parts[key]; ok {
			return s
		}
		return []Selection{{Of: key}}
	}
	for _, e := range b.splits {
		if e.Parting == nil {
			continue
		}
		var rest, moved []Selection
		for _, s := range of(e.Cluster) {
			rest = append(rest, s.with(e.Parting.Rest()))
			moved = append(moved, s.with(e.Parting.Filter()))
		}
		into := of(e.Into)
		parts[e.Cluster] = rest
		parts[e.Into] = append(slices.Clone(into), moved...)
	}
	return of(cluster)
}

func (s Selection) with(f query.Filter) Selection {
	return Selection{Of: s.Of, Filters: append(slices.Clone(s.Filters), f)}
}
