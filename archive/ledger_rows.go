package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

func (f *ledgerFlags) addRows(cmd *kingpin.CmdClause) {
	var output, cluster string
	export := f.command(cmd, "export", "Write the ledger's nine columns as CSV, one row a failure.", func(ctx context.Context, client *query.Client) error {
		if output == "-" {
			return f.export(ctx, client, f.cli.stdout, cluster)
		}
		return writeFile(output, func(w io.Writer) error { return f.export(ctx, client, w, cluster) })
	})
	export.Flag("output", "File to write; - is standard output.").Short('o').Default("-").StringVar(&output)
	export.Flag("cluster", "Only one cluster, or class; workflow is every failure of AI workflows.").StringVar(&cluster)

	var file string
	var runs bool
	load := f.command(cmd, "import", "Read rows as CSV: the nine columns, or names of fields.", func(ctx context.Context, client *query.Client) error {
		body, err := readInput(file, f.cli.stdin)
		if err != nil {
			return err
		}
		if runs {
			done, err := client.SendRuns(ctx, bytes.NewReader(body))
			if err != nil {
				return err
			}
			return f.report(done.Added, done.Duplicates, done.Refused)
		}
		return f.load(ctx, client, body)
	})
	load.Arg("file", "CSV file; - is standard input.").Required().StringVar(&file)
	load.Flag("runs", "The file holds runs of AI workflows, their exposure, not failures.").BoolVar(&runs)
}

func readInput(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

// exportPage is how many records are asked for at once.
const exportPage = query.MaxLimit

// export writes the newest failures first. It asks again up to the oldest of the
// last answer until no more come.
func (f *ledgerFlags) export(ctx context.Context, client *query.Client, w io.Writer, cluster string) error {
	entries, err := f.entries(ctx, client, "", query.MaxLimit)
	if err != nil {
		return err
	}
	known := map[string]query.LedgerEntry{}
	for _, e := range entries {
		known[e.Cluster] = e
		for _, merged := range e.Merged {
			known[merged] = e
		}
	}
	out := csv.NewWriter(w)
	if err := out.Write(append(ledger.Columns(), ledger.ColumnID)); err != nil {
		return err
	}
	seen := map[crash.ID]bool{}
	r, err := f.window()
	if err != nil {
		return err
	}
	from, to := r.From, r.To
	for {
		page, err := client.Records(ctx, query.Request{Range: query.Range{From: from, To: to}, Cluster: cluster, Limit: exportPage})
		if err != nil {
			return err
		}
		fresh := 0
		for i := range page.Records {
			r := &page.Records[i]
			if seen[r.ID] {
				continue
			}
			seen[r.ID] = true
			fresh++
			if err := out.Write(ledger.Row(r, entryOf(known, entries, r))); err != nil {
				return err
			}
		}
		if len(page.Records) < exportPage || fresh == 0 {
			break
		}
		to = page.Records[len(page.Records)-1].Time.Add(time.Microsecond)
	}
	out.Flush()
	return out.Error()
}

// entryOf finds the entry of a record's cluster, by the splits that it passed.
func entryOf(known map[string]query.LedgerEntry, entries []query.LedgerEntry, r *crash.Record) query.LedgerEntry {
	key := r.ClusterKey()
	for range entries {
		e, ok := known[key]
		if !ok {
			break
		}
		next := key
		for _, p := range e.Parts {
			d, isDimension := crash.DimensionByName(p.Dimension)
			if isDimension && slices.Contains(p.Values, d.Text(r)) {
				next = p.Into
				break
			}
		}
		if next == key {
			return e
		}
		key = next
	}
	e, ok := known[key]
	if !ok {
		e.Cluster = key
	}
	return e
}

// load reads rows and sends them in parts, then the causes that they name.
func (f *ledgerFlags) load(ctx context.Context, client *query.Client, body []byte) error {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	header, err := in.Read()
	if err != nil {
		return fmt.Errorf("CSV header: %w", err)
	}
	var records []crash.Record
	var refused []query.FieldError
	causes := map[crash.ID]string{}
	proofs := 0
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("CSV: %w", err)
		}
		p, err := ledger.ParseRow(header, cells)
		if err != nil {
			line, _ := in.FieldPos(0)
			refused = append(refused, query.FieldError{Field: fmt.Sprintf("line %d", line), Message: err.Error()})
			continue
		}
		records = append(records, p.Record)
		if p.Cause != "" {
			causes[p.Record.ID] = p.Cause
		}
		if p.Proof {
			proofs++
		}
	}
	return f.sendRows(ctx, client, records, causes, refused, proofs)
}

// rowsAtOnce bounds the rows of one request.
const rowsAtOnce = 5000

func (f *ledgerFlags) sendRows(ctx context.Context, client *query.Client, records []crash.Record, causes map[crash.ID]string, refused []query.FieldError, proofs int) error {
	var sum query.Accepted
	for part := records; len(part) > 0; {
		n := min(len(part), rowsAtOnce)
		done, err := client.SendRecords(ctx, part[:n])
		if err != nil {
			return fmt.Errorf("after %d rows: %w", sum.Added+sum.Duplicates, err)
		}
		sum.Added += done.Added
		sum.Duplicates += done.Duplicates
		refused = append(refused, done.Refused...)
		part = part[n:]
	}
	if err := f.sendCauses(ctx, client, records, causes); err != nil {
		return err
	}
	if proofs > 0 {
		fmt.Fprintf(f.cli.stdout, "The proof of %d rows was not read: it is computed, and can't be typed in.\n", proofs)
	}
	return f.report(sum.Added, sum.Duplicates, refused)
}

// sendCauses keeps each cause once with its cluster, however often the file is
// read.
func (f *ledgerFlags) sendCauses(ctx context.Context, client *query.Client, records []crash.Record, causes map[crash.ID]string) error {
	who, err := f.who()
	if err != nil {
		return err
	}
	var events []query.LedgerEvent
	seen := map[crash.ID]bool{}
	for _, r := range records {
		text := causes[r.ID]
		if text == "" {
			continue
		}
		stored, err := f.stored(ctx, client, r)
		if err != nil {
			return err
		}
		h := crash.NewHasher("ledger import cause")
		h.Add("cluster", []byte(stored.ClusterKey()))
		h.Add("text", []byte(text))
		id := h.ID()
		if !seen[id] {
			seen[id] = true
			events = append(events, query.LedgerEvent{ID: id, Actor: who, Cluster: stored.ClusterKey(), Action: query.ActionCause, Text: text})
		}
	}
	for len(events) > 0 {
		n := min(len(events), 500)
		if _, err := client.Append(ctx, events[:n]); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

// report says what became of an import; refused rows make it fail.
func (f *ledgerFlags) report(added, duplicates int, refused []query.FieldError) error {
	fmt.Fprintf(f.cli.stdout, "%d added, %d known already, %d refused\n", added, duplicates, len(refused))
	for i, r := range refused {
		if i == 20 {
			fmt.Fprintf(f.cli.stderr, "and %d more\n", len(refused)-i)
			break
		}
		fmt.Fprintf(f.cli.stderr, "%s\n", r.Error())
	}
	if len(refused) > 0 {
		return fmt.Errorf("%d rows were refused", len(refused))
	}
	return nil
}
