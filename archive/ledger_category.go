package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

func (f *ledgerFlags) addCategories(cmd *kingpin.CmdClause) {
	var id, title, help, why string
	var retire bool
	c := f.command(cmd, "category", "List the categories of failures of AI workflows, or add or change one.", func(ctx context.Context, client *query.Client) error {
		if id == "" {
			return f.listCategories(ctx, client)
		}
		if title == "" {
			title = id
		}
		return f.append(ctx, client, query.LedgerEvent{
			Action: query.ActionCategory, Cluster: string(crash.ClassWorkflow), Text: why,
			Category: &query.Category{ID: crash.Kind(id), Title: title, Help: help, Retired: retire},
		})
	})
	c.Arg("id", "Id: lower-case letters, digits, underscores. It never changes its meaning.").StringVar(&id)
	c.Arg("title", "What people read.").StringVar(&title)
	c.Flag("describe", "One sentence on what belongs into it.").StringVar(&help)
	c.Flag("why", "Why it is added or changed, for the changelog.").StringVar(&why)
	c.Flag("retire", "No longer offer it; what was filed under it stays.").BoolVar(&retire)
}

func (f *ledgerFlags) listCategories(ctx context.Context, client *query.Client) error {
	categories, err := client.Categories(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(f.cli.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tTITLE\tHELP")
	for _, c := range categories {
		help := c.Help
		if c.Retired {
			help = "(retired) " + help
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", c.ID, c.Title, help)
		for _, change := range c.Changes {
			fmt.Fprintf(t, "\t  %s %s\t%s\n", minutes(change.Time), change.Actor, change.Text)
		}
	}
	return t.Flush()
}
