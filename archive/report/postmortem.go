package report

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// Judge is an archive that knows more of one cluster than counts;
// *query.Client is one.
type Judge interface {
	Verdict(ctx context.Context, r query.Request) (query.Verdict, error)
	Contrast(ctx context.Context, r query.Request) (query.Contrast, error)
}

// contrastRows bounds the table of what is over-represented.
const contrastRows = 15

// judge adds what is known of one cluster. An archive that has no answer leaves
// a notice: the counts are of use without it.
func (r *Report) judge(ctx context.Context, a Archive, base query.Request) error {
	j, ok := a.(Judge)
	if _, signature, err := query.ParseCluster(base.Cluster); !ok || err != nil || signature == "" {
		return nil //nolint:nilerr // a key that is wrong was refused before
	}
	base.Filters = nil // a verdict is about the whole cluster
	v, err := j.Verdict(ctx, base)
	if err == nil {
		r.Verdict = &v
		base.Limit = contrastRows
		var c query.Contrast
		if c, err = j.Contrast(ctx, base); err == nil {
			r.Contrast = &c
		}
	}
	if p, ok := errors.AsType[*query.Problem](err); ok && (p.Status == http.StatusNotFound || p.Status == http.StatusNotImplemented) {
		r.Notices = append(r.Notices, "no verdict: "+p.Detail)
		return nil
	}
	return err
}

// Section is one part of a post-mortem: lines, then a table.
type Section struct {
	Title string
	Lines []string
	Head  []string
	Rows  [][]string
}

// Sections are the parts of a post-mortem, none without a verdict.
func (r *Report) Sections() []Section {
	if r.Verdict == nil {
		return nil
	}
	sections := []Section{verdictSection(r.Verdict.Assessment)}
	if r.Contrast != nil {
		sections = append(sections, contrastSection(r.Contrast.Contrast))
	}
	return append(sections, ledgerSection(r.Verdict.Ledger))
}

func verdictSection(a epi.Assessment) Section {
	s := Section{Title: "Verdict"}
	add := func(format string, args ...any) { s.Lines = append(s.Lines, fmt.Sprintf(format, args...)) }
	add("%s", a.Sentence)
	state := "State: " + string(a.State)
	if !a.Since.IsZero() {
		state += " since " + stamp(a.Since) + " UTC"
	}
	add("%s; grade: %s; %s in %s on %s", state, a.Grade, count(int64(a.Rows), "crash", "crashes"), count(int64(a.Episodes), "episode", "episodes"), count(int64(a.Hosts), "host", "hosts"))
	if o := a.Onset; o != nil {
		if o.Censored {
			add("Onset: before the archive began to look")
		} else {
			add("Onset: between %s and %s UTC (95 %%)", stamp(o.Earliest), stamp(o.First))
		}
	}
	if q := a.Silence; q != nil && !q.NeedUntil.IsZero() {
		add("GONE can be said on %s at the earliest, if it stays silent", q.NeedUntil.UTC().Format(time.DateOnly))
	}
	for _, n := range a.WouldChange {
		add("Would change the answer: %s", n)
	}
	for _, n := range a.Notes {
		add("Note: %s", n)
	}
	return s
}

func contrastSection(c epi.Contrast) Section {
	s := Section{Title: "Over-represented", Lines: []string{c.Sentence}}
	if len(c.Rows) > 0 {
		s.Head = []string{"What", "Episodes", "Share (95 %)", "Of the fleet", "Odds", "False discovery rate"}
	}
	for _, row := range c.Rows {
		s.Rows = append(s.Rows, []string{
			row.Words(), fmt.Sprintf("%d of %d", row.Episodes, row.Of),
			fmt.Sprintf("%.0f %% (%.0f to %.0f)", 100*row.Share, 100*row.ShareLower, 100*row.ShareUpper),
			fmt.Sprintf("%.1f %%", 100*row.Exposure), fmt.Sprintf("%.3g", float64(row.Lift)), fmt.Sprintf("%.2g", row.Q),
		})
	}
	if c.Hidden > 0 {
		s.Lines = append(s.Lines, fmt.Sprintf("%d more values could be chance and are left out", c.Hidden))
	}
	s.Lines = append(s.Lines, c.Notes...)
	return s
}

// ledgerSection shows the nine fields of an entry of the ledger.
func ledgerSection(l query.LedgerEntry) Section {
	s := Section{Title: "Ledger", Head: []string{"Field", "Value"}}
	add := func(field string, values ...string) {
		if text := strings.Join(values, "; "); text != "" {
			s.Rows = append(s.Rows, []string{field, text})
		}
	}
	add("Category", l.Category)
	add("First and last seen", stamp(l.FirstSeen)+" to "+stamp(l.LastSeen)+" UTC")
	add("Surface", l.Surface)
	add("Input", l.InputType)
	add("Path", l.Path)
	add("Environment", l.Environment)
	add("Label", l.Label)
	add("Cluster", l.Cluster)
	add("Merged", l.Merged...)
	remarks := func(field string, all []query.LedgerRemark) {
		for _, r := range all {
			add(field, fmt.Sprintf("%s (%s, %s)", r.Text, r.Actor, stamp(r.Time)))
		}
	}
	remarks("Cause and mitigation", l.Causes)
	remarks("Note", l.Notes)
	for _, f := range l.Fixes {
		add("Fix", fixLine(f))
	}
	remarks("Reopened", l.Reopened)
	add("Proof of disappearance", l.Proof, l.Needs)
	return s
}

func fixLine(f query.LedgerFix) string {
	parts := []string{"waits for its deployment"}
	if !f.Waiting {
		parts[0] = stamp(f.At) + " UTC"
	}
	if f.Dimension != "" {
		verb := "at"
		if f.Removal {
			verb = "removed"
		}
		parts = append(parts, verb+" "+f.Dimension+"="+f.Value)
	}
	if len(f.Builds) > 0 {
		parts = append(parts, "in builds "+strings.Join(f.Builds, ", "))
	}
	if f.Text != "" {
		parts = append(parts, f.Text)
	}
	return strings.Join(append(parts, "by "+f.Actor), ", ")
}
