package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// liveLedger runs an archive and points the commands at it.
func liveLedger(t *testing.T) *query.Client {
	t.Helper()
	url := liveArchive(t, time.Now)
	t.Setenv("EPICURVE_ARCHIVE_URL", url)
	t.Setenv("EPICURVE_ACTOR", "ada")
	client, err := query.NewClient(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// must runs a command that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out := ledgerCommand(t, "", args...)
	if code != exitOK {
		t.Fatalf("ledger %q: exit %d, %s", args, code, out)
	}
	return out
}

const complaintKey = "workflow/wrong_output in support-chat via orders.lookup"

func addOne(t *testing.T, more ...string) string {
	t.Helper()
	return must(t, append([]string{"add", "--category", "wrong_output", "--surface", "support-chat", "--path", "orders.lookup"}, more...)...)
}

// TestAddAppearsAtOnce adds a row by one command; a query within a second has it.
func TestAddAppearsAtOnce(t *testing.T) {
	client := liveLedger(t)
	addOne(t, "--label", "another one", "--time", time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)) // and a view is loaded before
	must(t, "list")
	start := time.Now()
	addOne(t, "--model", "m-2", "--label", "refunded twice", "--set", "workflow.routing_tier=fast")
	got, err := client.Records(t.Context(), query.Request{Cluster: complaintKey, Range: query.Range{From: start.Add(-time.Minute), To: start.Add(time.Minute)}})
	if took := time.Since(start); err != nil || len(got.Records) != 1 || took > time.Second {
		t.Fatalf("%d records after %s, %v; want 1 within a second", len(got.Records), took, err)
	}
	w := got.Records[0].Workflow
	if w.Judge != crash.JudgeHuman || w.Label != "refunded twice" || w.RoutingTier != "fast" || got.Records[0].Attributes["reviewer"] != "ada" {
		t.Errorf("the row is %+v", got.Records[0])
	}
}

func TestAddAsks(t *testing.T) {
	client := liveLedger(t)
	answers := "2\nsupport-chat\nrefund\norders.lookup\n\neu-1\ntimes out after 30 s\n2026-05-01T12:00:00Z\nslow index\n"
	code, out := ledgerCommand(t, answers, "add", "--ask")
	if code != exitOK || !strings.Contains(out, "hallucinated_fact") || !strings.Contains(out, "workflow/tool_call_failure in support-chat via orders.lookup") {
		t.Fatalf("exit %d, %s", code, out)
	}
	events, err := client.Events(t.Context())
	if err != nil || len(events) != 1 || events[0].Action != query.ActionCause || events[0].Text != "slow index" {
		t.Errorf("events %+v, %v; want the cause", events, err)
	}
}

func TestMergeSplitAndBack(t *testing.T) {
	liveLedger(t)
	for _, region := range []string{"eu-1", "eu-1", "us-2"} {
		addOne(t, "--region", region, "--set", "gen_ai.conversation.id="+region)
	}
	must(t, "add", "--category", "timeout", "--surface", "support-chat")
	rows := func(cluster, want string) {
		t.Helper()
		deadline := time.Now().Add(20 * time.Second)
		for {
			_, out := ledgerCommand(t, "", "show", cluster)
			if strings.Contains(out, "Rows:                "+want+" in") {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s has not %s rows:\n%s", cluster, want, out)
			}
			time.Sleep(200 * time.Millisecond) // views are refreshed every few seconds
		}
	}
	rows(complaintKey, "3")
	part := complaintKey + " [cloud.region=us-2]"
	must(t, "split", complaintKey, "cloud.region=us-2")
	rows(complaintKey, "2")
	rows(part, "1")
	if out := must(t, "export", "--cluster", part); strings.Count(out, "us-2") != 2 || strings.Contains(out, "eu-1") {
		t.Errorf("export of the part:\n%s", out)
	}
	must(t, "merge", "workflow/timeout in support-chat", part)
	rows(part, "2")
	must(t, "unmerge", "workflow/timeout in support-chat")
	rows(part, "1")
	must(t, "unsplit", complaintKey)
	rows(complaintKey, "3")
	must(t, "fix", complaintKey, "--what", "prompt 42", "--region", "eu-1", "--when-deployed", "--carried-by", "p42")
	if out := must(t, "show", complaintKey); !strings.Contains(out, "waits for the deployment of p42") || !strings.Contains(out, "cloud.region=eu-1") {
		t.Errorf("the fix is not shown as waiting:\n%s", out)
	}
	must(t, "unfix", complaintKey)
	if out := must(t, "show", complaintKey); strings.Contains(out, "Fix:") {
		t.Errorf("the fix is still there:\n%s", out)
	}
}

// TestExportedRowsComeBack exports, imports into the same archive and into another.
func TestExportedRowsComeBack(t *testing.T) {
	liveLedger(t)
	addOne(t, "--model", "m-2", "--time", "2026-05-01T12:00:00Z", "--cause", "prompt 41")
	addOne(t, "--model", "m-3", "--time", "2026-05-02T12:00:00Z")
	file := filepath.Join(t.TempDir(), "rows.csv")
	must(t, "export", "-o", file)
	if out := must(t, "import", file); !strings.Contains(out, "0 added, 2 known already") {
		t.Errorf("importing what was exported: %s", out)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	liveLedger(t)
	if out := must(t, "import", file); !strings.Contains(out, "2 added") || !strings.Contains(out, "proof of 2 rows was not read") {
		t.Errorf("importing into another archive: %s", out)
	}
	must(t, "export", "-o", file)
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("rows changed on the way:\n%s\nbecame\n%s", before, after)
	}
}

func TestLedgerRefusals(t *testing.T) {
	liveLedger(t)
	addOne(t)
	file := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(file, []byte("category,timestamp,surface\nwrong_output,yesterday,chat\nwrong_output,2026-05-01,chat\nsulking,2026-05-01,chat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"add", "--category", "sulking"}, "ledger category"},
		{[]string{"add"}, "--category is missing"},
		{[]string{"label", "nobody", "x"}, "knows the cluster"},
		{[]string{"split", complaintKey, "region"}, "want DIMENSION=VALUE"},
		{[]string{"split", complaintKey, "mood=bad"}, "not a dimension"},
		{[]string{"fix", complaintKey, "--what", "x", "--host", "a", "--region", "b"}, "one place"},
		{[]string{"fix", complaintKey, "--what", "x", "--when-deployed"}, "--carried-by"},
		{[]string{"fix", complaintKey, "--what", "x", "--at", "soon"}, "--at"},
		{[]string{"unfix", complaintKey}, "no event stands"},
		{[]string{"undo", "7"}, "36 characters"},
		{[]string{"import", file}, "line 2"},
		{[]string{"--as-of", "later", "list"}, "--as-of"},
	} {
		code, out := ledgerCommand(t, "", c.args...)
		if code != exitError || !strings.Contains(out, c.want) {
			t.Errorf("ledger %q: exit %d, %s; want %q", c.args, code, out, c.want)
		}
	}
}

func TestWatchTellsStates(t *testing.T) {
	liveLedger(t)
	addOne(t)
	if out := must(t, "watch", "--times", "1", "--interval", "1s"); !strings.Contains(out, "insufficient: "+complaintKey) {
		t.Errorf("watch printed %q", out)
	}
}
