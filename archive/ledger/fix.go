package ledger

import (
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// fix dates a fix that waits for the deployment of its builds.
func (b *Book) fix(e query.LedgerEvent) query.LedgerFix {
	f := query.LedgerFix{Fix: *e.Fix, Event: e.ID, Time: e.Time, Actor: e.Actor, Text: e.Text}
	if !f.At.IsZero() {
		return f
	}
	for _, build := range f.Builds {
		if at := b.deployed(build); !at.IsZero() && (f.At.IsZero() || at.Before(f.At)) {
			f.At = at
		}
	}
	f.Waiting = f.At.IsZero()
	return f
}

// deployed returns when a build was live everywhere: the last of its first
// deployments to each environment. Later deployments of the same build are
// repetitions. Zero when it was never deployed.
func (b *Book) deployed(build string) (at time.Time) {
	first := map[string]time.Time{}
	for _, e := range b.deployments {
		d := e.Deploy
		if d == nil || d.Build != build && !slices.Contains(d.Aliases, build) {
			continue
		}
		if known, ok := first[d.Environment]; !ok || d.At.Before(known) {
			first[d.Environment] = d.At
		}
	}
	for _, t := range first {
		if t.After(at) {
			at = t
		}
	}
	return at
}
