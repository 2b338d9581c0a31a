package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

func (f *ledgerFlags) addRemarks(cmd *kingpin.CmdClause) {
	for _, r := range []struct {
		action     query.LedgerAction
		help, text string
	}{
		{query.ActionLabel, "Give a cluster a name; the last one stands.", "The name."},
		{query.ActionCause, "Say what is suspected to be the cause, and what mitigates it.", "The cause and the mitigation."},
		{query.ActionNote, "Keep a note with a cluster.", "The note."},
	} {
		var cluster string
		var words []string
		c := f.command(cmd, string(r.action), r.help, func(ctx context.Context, client *query.Client) error {
			key, err := f.resolve(ctx, client, cluster)
			if err != nil {
				return err
			}
			return f.append(ctx, client, query.LedgerEvent{Action: r.action, Cluster: key, Text: strings.Join(words, " ")})
		})
		c.Arg("cluster", "The cluster's key, or its label.").Required().StringVar(&cluster)
		c.Arg("text", r.text).Required().StringsVar(&words)
	}
	var event string
	undo := f.command(cmd, "undo", "Take an event back. Undoing an undoing brings the first event back.", func(ctx context.Context, client *query.Client) error {
		id, err := crash.ParseID(event)
		if err != nil {
			return err
		}
		return f.undo(ctx, client, func(e query.LedgerEvent) bool { return e.ID == id })
	})
	undo.Arg("event", "The event's id.").Required().StringVar(&event)
}

// undo takes the newest event back that matches.
func (f *ledgerFlags) undo(ctx context.Context, client *query.Client, match func(query.LedgerEvent) bool) error {
	events, err := client.Events(ctx)
	if err != nil {
		return err
	}
	undone := map[crash.ID]bool{}
	for _, e := range slices.Backward(events) { // an undoing that is undone itself does not count
		if e.Action == query.ActionUndo && !undone[e.ID] {
			undone[e.Revokes] = true
		}
	}
	for _, e := range slices.Backward(events) {
		if !match(e) || undone[e.ID] {
			continue
		}
		cluster := e.Cluster
		if cluster == "" {
			cluster = string(crash.Other) // a deployment belongs to no cluster
		}
		return f.append(ctx, client, query.LedgerEvent{Action: query.ActionUndo, Cluster: cluster, Revokes: e.ID})
	}
	return errors.New("no event stands that this could take back; `epicurve-archive ledger show` lists a cluster's events")
}

func (f *ledgerFlags) addParts(cmd *kingpin.CmdClause) {
	var cluster, into, by string
	merge := f.command(cmd, "merge", "Say that a cluster is the same disease as another.", func(ctx context.Context, client *query.Client) error {
		from, err := f.resolve(ctx, client, cluster)
		if err != nil {
			return err
		}
		to, err := f.resolve(ctx, client, into)
		if err != nil {
			return err
		}
		return f.append(ctx, client, query.LedgerEvent{Action: query.ActionMerge, Cluster: from, Into: to})
	})
	merge.Arg("cluster", "The cluster that is merged.").Required().StringVar(&cluster)
	merge.Arg("into", "The cluster that it is known by from now on.").Required().StringVar(&into)

	split := f.command(cmd, "split", "Say that a part of a cluster is another disease; without a condition, ask whether it is one disease or two.", func(ctx context.Context, client *query.Client) error {
		if by == "" {
			return f.oneOrTwo(ctx, client, cluster)
		}
		e, err := f.splitEvent(ctx, client, cluster, by, into)
		if err != nil {
			return err
		}
		if err := f.append(ctx, client, e); err != nil {
			return err
		}
		fmt.Fprintf(f.cli.stdout, "The part is known as: %s\n", e.Into)
		return nil
	})
	split.Arg("cluster", "The cluster's key, or its label.").Required().StringVar(&cluster)
	split.Arg("by", "DIMENSION=VALUE or DIMENSION=VALUE,VALUE: the failures that are the other disease.").StringVar(&by)
	split.Flag("into", "Key of the part; the cluster's key and the condition by default.").StringVar(&into)

	for name, action := range map[string]query.LedgerAction{"unmerge": query.ActionMerge, "unsplit": query.ActionSplit} {
		c := f.command(cmd, name, "Take the newest "+string(action)+" of a cluster back.", func(ctx context.Context, client *query.Client) error {
			key, err := f.resolve(ctx, client, cluster)
			if err != nil {
				return err
			}
			return f.undo(ctx, client, func(e query.LedgerEvent) bool { return e.Action == action && (e.Cluster == key || e.Into == key) })
		})
		c.Arg("cluster", "The cluster, or what it was merged or split into.").Required().StringVar(&cluster)
	}
}

// oneOrTwo prints what the statistics say, and where they would cut.
func (f *ledgerFlags) oneOrTwo(ctx context.Context, client *query.Client, cluster string) error {
	key, err := f.resolve(ctx, client, cluster)
	if err != nil {
		return err
	}
	r, err := f.window()
	if err != nil {
		return err
	}
	answer, err := client.Split(ctx, query.Request{Range: r, Cluster: key})
	if err != nil {
		return err
	}
	fmt.Fprintln(f.cli.stdout, answer.Split.Sentence)
	return nil
}

func (f *ledgerFlags) splitEvent(ctx context.Context, client *query.Client, cluster, by, into string) (query.LedgerEvent, error) {
	key, err := f.resolve(ctx, client, cluster)
	if err != nil {
		return query.LedgerEvent{}, err
	}
	dimension, values, ok := strings.Cut(by, "=")
	if !ok || values == "" {
		return query.LedgerEvent{}, fmt.Errorf("%q: want DIMENSION=VALUE, such as gen_ai.response.model=m-2", by)
	}
	p := &query.Parting{Dimension: crash.IngestName(strings.TrimSpace(dimension)), Values: strings.Split(values, ",")}
	if into == "" {
		into = query.PartKey(key, *p)
	}
	return query.LedgerEvent{Action: query.ActionSplit, Cluster: key, Parting: p, Into: into}, nil
}

// fixFlags are those of the fix command.
type fixFlags struct {
	cluster, what, at   string
	removal, deployed   bool
	host, region, build string
	where               string
	carriers            []string
}

func (f *ledgerFlags) addFix(cmd *kingpin.CmdClause) {
	x := &fixFlags{}
	fix := f.command(cmd, "fix", "Mark a fix: what was done, from when on, and where.", func(ctx context.Context, client *query.Client) error {
		key, err := f.resolve(ctx, client, x.cluster)
		if err != nil {
			return err
		}
		parsed, err := x.fix(time.Now())
		if err != nil {
			return err
		}
		return f.append(ctx, client, query.LedgerEvent{Action: query.ActionFix, Cluster: key, Text: x.what, Fix: &parsed})
	})
	fix.Arg("cluster", "The cluster's key, or its label.").Required().StringVar(&x.cluster)
	fix.Flag("what", "What was done.").Required().StringVar(&x.what)
	fix.Flag("at", "When it was fully rolled out: RFC 3339, a day, or now.").Default("now").StringVar(&x.at)
	fix.Flag("removal", "What the cluster sits on was taken out (a host, a build), not repaired.").BoolVar(&x.removal)
	fix.Flag("host", "The host it was done on; without a place it was the whole fleet.").StringVar(&x.host)
	fix.Flag("region", "The region it was done in.").StringVar(&x.region)
	fix.Flag("build", "The build that was taken out, with --removal, or that carries the fix.").StringVar(&x.build)
	fix.Flag("where", "DIMENSION=VALUE, for any other place.").StringVar(&x.where)
	fix.Flag("carried-by", "A build that carries the fix; repeatable. Failures of other builds afterwards are stragglers.").StringsVar(&x.carriers)
	fix.Flag("when-deployed", "The fix begins when a build that carries it is deployed, as a webhook tells.").BoolVar(&x.deployed)

	var cluster string
	unfix := f.command(cmd, "unfix", "Take the newest fix of a cluster back.", func(ctx context.Context, client *query.Client) error {
		key, err := f.resolve(ctx, client, cluster)
		if err != nil {
			return err
		}
		return f.undo(ctx, client, func(e query.LedgerEvent) bool { return e.Action == query.ActionFix && e.Cluster == key })
	})
	unfix.Arg("cluster", "The cluster's key, or its label.").Required().StringVar(&cluster)
}

// fix reads the flags.
func (x *fixFlags) fix(now time.Time) (query.Fix, error) {
	fix := query.Fix{Removal: x.removal, Builds: x.carriers}
	if x.build != "" && !x.removal {
		fix.Builds = append(fix.Builds, x.build)
	}
	places := map[string]string{"host.name": x.host, "cloud.region": x.region}
	if x.removal {
		places["service.version"] = x.build
	}
	if x.where != "" {
		dimension, value, ok := strings.Cut(x.where, "=")
		if !ok {
			return fix, fmt.Errorf("--where %q: want DIMENSION=VALUE", x.where)
		}
		places[crash.IngestName(dimension)] = value
	}
	for dimension, value := range places {
		if value == "" {
			continue
		}
		if fix.Dimension != "" {
			return fix, errors.New("a fix has one place: give one of --host, --region, --build, --where")
		}
		fix.Dimension, fix.Value = dimension, value
	}
	switch {
	case x.deployed && len(fix.Builds) == 0:
		return fix, errors.New("--when-deployed needs --carried-by or --build")
	case x.deployed:
		return fix, nil
	case x.at == "now":
		fix.At = now.UTC()
		return fix, nil
	}
	var err error
	fix.At, err = parseTime("at", x.at)
	return fix, err
}
