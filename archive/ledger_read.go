package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/pkg/query"
)

func (f *ledgerFlags) addReading(cmd *kingpin.CmdClause) {
	var state, format, cluster string
	var limit int
	list := f.command(cmd, "list", "List the clusters, with their states and what they need.", func(ctx context.Context, client *query.Client) error {
		most := limit
		if state != "" {
			most = query.MaxLimit // the state is known only once they are judged
		}
		entries, err := f.entries(ctx, client, "", most)
		if err != nil {
			return err
		}
		entries = ofState(entries, state)
		return writeEntries(f.cli.stdout, entries[:min(len(entries), limit)], format)
	})
	list.Flag("state", "Only clusters in this state, such as active, gone, relapsed.").StringVar(&state)
	list.Flag("format", "text or json.").Default("text").EnumVar(&format, "text", "json")
	list.Flag("limit", "Most clusters that are shown.").Default("50").IntVar(&limit)

	show := f.command(cmd, "show", "Show the nine fields of one cluster.", func(ctx context.Context, client *query.Client) error {
		key, err := f.resolve(ctx, client, cluster)
		if err != nil {
			return err
		}
		entries, err := f.entries(ctx, client, key, 1)
		if err != nil {
			return err
		}
		switch {
		case len(entries) == 0:
			return fmt.Errorf("the archive knows nothing of %q", key)
		case format == "json":
			return writeEntries(f.cli.stdout, entries[:1], format)
		}
		_, err = io.WriteString(f.cli.stdout, entryText(entries[0]))
		return err
	})
	show.Arg("cluster", "The cluster's key, or its label.").Required().StringVar(&cluster)
	show.Flag("format", "text or json.").Default("text").EnumVar(&format, "text", "json")
}

func ofState(entries []query.LedgerEntry, state string) []query.LedgerEntry {
	if state == "" {
		return entries
	}
	var kept []query.LedgerEntry
	for _, e := range entries {
		if e.State == state {
			kept = append(kept, e)
		}
	}
	return kept
}

func writeEntries(w io.Writer, entries []query.LedgerEntry, format string) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(query.Ledger{Entries: entries})
	}
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w, "The ledger is empty.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "STATE\tROWS\tTHIRTY-ROW RULE\tLABEL\tCLUSTER\tNEEDS")
	for _, e := range entries {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\n", dash(e.State), e.Rows, dash(e.Progress), dash(e.Label), e.Cluster, dash(e.Needs))
	}
	return t.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// entryText prints the nine fields, one a line, and what belongs to them.
func entryText(e query.LedgerEntry) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-20s %s\n", name+":", value)
		}
	}
	line("Cluster", e.Cluster)
	line("Category", e.Category)
	line("Seen", minutes(e.FirstSeen)+" to "+minutes(e.LastSeen)+" on "+dash(e.Surface))
	line("Input type", e.InputType)
	line("Path", e.Path)
	line("Environment", e.Environment)
	line("Label", e.Label)
	for _, m := range e.Merged {
		line("Merged from", m)
	}
	line("Split off", e.PartOf)
	for _, p := range e.Parts {
		line("Part", fmt.Sprintf("%s -> %s (%s, %s, event %s)", p.Parting, p.Into, p.Actor, minutes(p.Time), p.Event))
	}
	for _, r := range e.Causes {
		line("Suspected cause", remark(r))
	}
	for _, r := range e.Notes {
		line("Note", remark(r))
	}
	for _, fix := range e.Fixes {
		line("Fix", fixText(fix))
	}
	for _, r := range e.Reopened {
		line("Reopened", remark(r))
	}
	line("Rows", strings.TrimSuffix(fmt.Sprintf("%d in %d episodes, %s", e.Rows, e.Episodes, e.Progress), ", "))
	line("State", e.State)
	line("Proof", e.Proof)
	line("Verdict", e.Needs)
	return b.String()
}

func remark(r query.LedgerRemark) string {
	return fmt.Sprintf("%s (%s, %s, event %s)", r.Text, r.Actor, minutes(r.Time), r.Event)
}

func fixText(f query.LedgerFix) string {
	what := "change"
	if f.Removal {
		what = "removal"
	}
	where := "the whole fleet"
	if f.Dimension != "" {
		where = f.Dimension + "=" + f.Value
	}
	since := "since " + minutes(f.At)
	if f.Waiting {
		since = "waits for the deployment of " + strings.Join(f.Builds, ", ")
	}
	return fmt.Sprintf("%s: %s on %s %s (%s, event %s)", what, dash(f.Text), where, since, f.Actor, f.Event)
}

func minutes(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}
