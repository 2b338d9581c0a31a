package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// addFlags are those of the add command: the fields of a row, by their columns.
type addFlags struct {
	cells map[string]*string
	set   []string
	cause string
	ask   bool
}

// addColumns are the fields that can be given, with what is asked for them.
var addColumns = []struct{ column, flag, question, example string }{
	{"category", "category", "Category", ""},
	{"surface", "surface", "Surface: where was it seen?", "support-chat"},
	{"input type", "input-type", "Input type: what came in?", "refund request"},
	{"path", "path", "Tool or action path", "orders.lookup > refund.create"},
	{"gen_ai.response.model", "model", "Model version", "m-2"},
	{"cloud.region", "region", "Region", "eu-1"},
	{"label", "label", "Your word for it", "refunded twice"},
	{"timestamp", "time", "When? (now)", "2026-05-01T12:00:00Z"},
}

func (f *ledgerFlags) addAdd(cmd *kingpin.CmdClause) {
	x := &addFlags{cells: map[string]*string{}}
	add := f.command(cmd, "add", "Add one failure of an AI workflow. On a terminal it asks for what is missing.", func(ctx context.Context, client *query.Client) error {
		return f.add(ctx, client, x)
	})
	for _, c := range addColumns {
		x.cells[c.column] = add.Flag(c.flag, c.question).PlaceHolder(strings.ToUpper(c.flag)).String()
	}
	add.Flag("set", "FIELD=VALUE for any other field, such as workflow.routing_tier=fast; repeatable.").StringsVar(&x.set)
	add.Flag("cause", "Suspected cause and mitigation, kept with the cluster.").StringVar(&x.cause)
	add.Flag("ask", "Ask for what is missing even when standard input is no terminal.").BoolVar(&x.ask)
}

func (f *ledgerFlags) add(ctx context.Context, client *query.Client, x *addFlags) error {
	who, err := f.who()
	if err != nil {
		return err
	}
	if x.ask || *x.cells["category"] == "" && personAt(f.cli.stdin) {
		if err := f.askFor(ctx, client, x); err != nil {
			return err
		}
	}
	r, err := x.record(time.Now(), who)
	if err != nil {
		return err
	}
	done, err := client.SendRecords(ctx, []crash.Record{r})
	if err != nil {
		return err
	}
	stored, err := f.stored(ctx, client, r)
	if err != nil {
		return err
	}
	if x.cause != "" {
		if err := f.append(ctx, client, query.LedgerEvent{Action: query.ActionCause, Cluster: stored.ClusterKey(), Text: x.cause}); err != nil {
			return err
		}
	}
	what := "added"
	if done.Added == 0 {
		what = "was there already:"
	}
	fmt.Fprintf(f.cli.stdout, "%s %s to %s\n", what, r.ID, stored.ClusterKey())
	return nil
}

// stored reads a record back, as the archive keeps it.
func (f *ledgerFlags) stored(ctx context.Context, client *query.Client, r crash.Record) (crash.Record, error) {
	answer, err := client.Records(ctx, query.Request{
		Range:   query.Range{From: r.Time, To: r.Time.Add(time.Microsecond)},
		Cluster: string(crash.ClassWorkflow), Limit: query.MaxLimit,
	})
	if err != nil {
		return crash.Record{}, err
	}
	for _, found := range answer.Records {
		if found.ID == r.ID {
			return found, nil
		}
	}
	return crash.Record{}, fmt.Errorf("record %s was accepted and is not found", r.ID)
}

// record makes the row.
func (x *addFlags) record(now time.Time, who string) (crash.Record, error) {
	header, cells := []string{"workflow.judge", "reviewer"}, []string{string(crash.JudgeHuman), who}
	for _, c := range addColumns {
		value := strings.TrimSpace(*x.cells[c.column])
		if c.column == "timestamp" && value == "" {
			value = now.UTC().Format(time.RFC3339Nano)
		}
		if c.column == "category" && value == "" {
			return crash.Record{}, errors.New("--category is missing; `epicurve-archive ledger category` lists them")
		}
		header, cells = append(header, c.column), append(cells, value)
	}
	for _, pair := range x.set {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return crash.Record{}, fmt.Errorf("--set %q: want FIELD=VALUE", pair)
		}
		header, cells = append(header, name), append(cells, value)
	}
	p, err := ledger.ParseRow(header, cells)
	return p.Record, err
}

// askFor asks for what no flag gave, one line each.
func (f *ledgerFlags) askFor(ctx context.Context, client *query.Client, x *addFlags) error {
	categories, err := client.Categories(ctx)
	if err != nil {
		return err
	}
	in := bufio.NewReader(f.cli.stdin)
	for _, c := range addColumns {
		if *x.cells[c.column] != "" {
			continue
		}
		question := c.question
		if c.example != "" {
			question += ", such as " + c.example
		}
		if c.column == "category" {
			question = categoryMenu(categories)
		}
		answer, err := ask(f.cli.stdout, in, question)
		if err != nil {
			return err
		}
		if n, err := strconv.Atoi(answer); c.column == "category" && err == nil && n >= 1 && n <= len(categories) {
			answer = string(categories[n-1].ID)
		}
		*x.cells[c.column] = answer
	}
	if x.cause == "" {
		x.cause, err = ask(f.cli.stdout, in, "Suspected cause and mitigation (may be empty)")
	}
	return err
}

func categoryMenu(categories []query.Category) string {
	var b strings.Builder
	for i, c := range categories {
		if !c.Retired {
			fmt.Fprintf(&b, "%2d  %-20s %s\n", i+1, c.ID, c.Help)
		}
	}
	return b.String() + "Category (number or id)"
}

// ask reads one line; the end of input leaves the rest unanswered.
func ask(w io.Writer, in *bufio.Reader, question string) (string, error) {
	fmt.Fprint(w, question+": ")
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// personAt reports whether a person sits at the other end.
func personAt(r io.Reader) bool {
	file, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
