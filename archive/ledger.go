package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/query"
)

// ledgerRange is how far back the ledger's commands look.
const ledgerRange = 400 * 24 * time.Hour

// ledgerFlags are what every command of the ledger takes.
type ledgerFlags struct {
	cli   *cli
	url   string
	token string
	actor string
	asOf  string
}

// addLedger registers the ledger's commands: what people know of the clusters,
// read and written over HTTP.
func (c *cli) addLedger() {
	f := &ledgerFlags{cli: c}
	cmd := c.app.Command("ledger", "Read and write what people know of the clusters.")
	cmd.Flag("archive.url", "URL of the archive.").Default("http://localhost" + defaultAddress).Envar("EPICURVE_ARCHIVE_URL").StringVar(&f.url)
	cmd.Flag("archive.token-file", "File with a bearer token, of the role read, write or ingest as the command needs.").StringVar(&f.token)
	cmd.Flag("actor", "Who says so; the name of the account by default.").Envar("EPICURVE_ACTOR").StringVar(&f.actor)
	cmd.Flag("as-of", "Look at the ledger as of then, RFC 3339 or a day; what came later is not looked at. Now when absent.").StringVar(&f.asOf)
	f.addReading(cmd)
	f.addRemarks(cmd)
	f.addFix(cmd)
	f.addParts(cmd)
	f.addAdd(cmd)
	f.addRows(cmd)
	f.addCategories(cmd)
	f.addWatch(cmd)
}

// command registers one command of the ledger.
func (f *ledgerFlags) command(of *kingpin.CmdClause, name, help string, run func(context.Context, *query.Client) error) *kingpin.CmdClause {
	f.cli.commands["ledger "+name] = func(ctx context.Context) error {
		client, err := f.client()
		if err != nil {
			return err
		}
		return run(ctx, client)
	}
	return of.Command(name, help)
}

func (f *ledgerFlags) client() (*query.Client, error) {
	transport, err := (&reportFlags{token: f.token}).transport()
	if err != nil {
		return nil, err
	}
	return query.NewClient(f.url, &http.Client{Timeout: reportTimeout, Transport: transport})
}

// who names the person at the keyboard.
func (f *ledgerFlags) who() (string, error) {
	if f.actor != "" {
		return f.actor, nil
	}
	if name := os.Getenv("USER"); name != "" {
		return name, nil
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username, nil
	}
	return "", errors.New("--actor is missing, and the account has no name; the ledger keeps who said what")
}

// append adds one event and says how it is taken back.
func (f *ledgerFlags) append(ctx context.Context, client *query.Client, e query.LedgerEvent) error {
	var err error
	if e.Actor, err = f.who(); err != nil {
		return err
	}
	kept, err := client.Append(ctx, []query.LedgerEvent{e})
	if err != nil {
		return err
	}
	fmt.Fprintf(f.cli.stdout, "%s %s: event %s (taken back with: epicurve-archive ledger undo %s)\n", e.Action, e.Cluster, kept[0].ID, kept[0].ID)
	return nil
}

// entries asks for the ledger: one cluster, or "" for the largest ones.
func (f *ledgerFlags) entries(ctx context.Context, client *query.Client, cluster string, limit int) ([]query.LedgerEntry, error) {
	r, err := f.window()
	if err != nil {
		return nil, err
	}
	answer, err := client.Ledger(ctx, query.Request{Range: r, Cluster: cluster, Limit: limit})
	return answer.Entries, err
}

// window is what the commands look at. It ends a little later than now, for
// clocks that differ.
func (f *ledgerFlags) window() (query.Range, error) {
	to := time.Now().UTC().Add(time.Minute)
	if f.asOf != "" {
		var err error
		if to, err = parseTime("as-of", f.asOf); err != nil {
			return query.Range{}, err
		}
	}
	return query.Range{From: to.Add(-ledgerRange), To: to}, nil
}

// resolve finds the cluster that a person means: a key, or a reviewer's label.
// What no failure and no event knows is an error, because a mistyped key would
// make a cluster of its own. Every cluster is looked at only for what is neither
// a key nor a label of the ledger.
func (f *ledgerFlags) resolve(ctx context.Context, client *query.Client, text string) (string, error) {
	if _, signature, err := query.ParseCluster(text); err == nil {
		if signature == "" {
			return text, nil
		}
		known, err := f.knows(ctx, client, text)
		if err != nil || known {
			return text, err
		}
	}
	events, err := client.Events(ctx)
	if err != nil {
		return "", err
	}
	book := ledger.Fold(events)
	for _, key := range book.Clusters() {
		if e, _ := book.Entry(key); e.Label == text {
			return e.Cluster, nil
		}
	}
	return f.resemble(ctx, client, text)
}

// knows reports whether a key has failures or events.
func (f *ledgerFlags) knows(ctx context.Context, client *query.Client, key string) (bool, error) {
	entries, err := f.entries(ctx, client, key, 1)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	e := entries[0]
	said := e.Label != "" || e.PartOf != "" || len(e.Causes)+len(e.Notes)+len(e.Fixes)+len(e.Merged)+len(e.Parts) > 0
	return e.Rows > 0 || said, nil
}

// resemble finds the one cluster whose label, given with its rows, is a text, or
// whose key or label holds it.
func (f *ledgerFlags) resemble(ctx context.Context, client *query.Client, text string) (string, error) {
	entries, err := f.entries(ctx, client, "", query.MaxLimit)
	if err != nil {
		return "", err
	}
	var same, near []string
	for _, e := range entries {
		if e.Label == text {
			same = append(same, e.Cluster)
		}
		if strings.Contains(strings.ToLower(e.Cluster+" "+e.Label), strings.ToLower(text)) {
			near = append(near, e.Cluster)
		}
	}
	if len(same) > 0 {
		near = same
	}
	switch len(near) {
	case 0:
		return "", fmt.Errorf("no failure and no event of the ledger knows the cluster %q; `epicurve-archive ledger list` shows the keys", text)
	case 1:
		return near[0], nil
	default:
		return "", fmt.Errorf("%q is not one cluster: %s", text, strings.Join(near[:min(len(near), 5)], ", "))
	}
}
