package api

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

const workflowCSV = `crash.time,workflow.category,workflow.surface,workflow.path,workflow.judge,gen_ai.response.model
2026-05-01T12:00:00Z,wrong_output,support-chat,orders.lookup,human,m-2
2026-05-01T12:01:00Z,refund_twice,support-chat,orders.lookup,human,m-2
2026-05-01T12:02:00Z,wrong_output,support-chat,orders.lookup,a friend,m-2
`

func TestWorkflowFailuresComeIn(t *testing.T) {
	url := serve(t, Config{})
	c := client(t, url)
	status, _, reply := post(t, url+"/api/v1/records", "text/csv", "", []byte(workflowCSV))
	if status != http.StatusOK || !strings.Contains(string(reply), `"added":1`) ||
		!strings.Contains(string(reply), "refund_twice") || !strings.Contains(string(reply), "workflow.judge") {
		t.Fatalf("%d %s; want one added, an unknown category and an unknown judge refused", status, reply)
	}
	category := query.LedgerEvent{Actor: "ann", Cluster: "workflow", Action: query.ActionCategory, Category: &query.Category{ID: "refund_twice", Title: "Refunded twice"}}
	if _, err := c.Append(t.Context(), []query.LedgerEvent{category}); err != nil {
		t.Fatal(err)
	}
	if status, _, reply := post(t, url+"/api/v1/records", "text/csv", "", []byte(workflowCSV)); !strings.Contains(string(reply), `"added":1`) || !strings.Contains(string(reply), `"duplicates":1`) {
		t.Errorf("once the category is known: %d %s", status, reply)
	}
	req := query.Request{Cluster: "workflow/wrong_output in support-chat via orders.lookup", Range: query.Range{From: noon, To: noon.Add(time.Hour)}}
	got, err := c.Records(t.Context(), req)
	if err != nil || len(got.Records) != 1 || got.Records[0].Workflow.Judge != crash.JudgeHuman {
		t.Errorf("records %+v, %v; want the one of the default cluster key", got.Records, err)
	}
	if _, _, reply := get(t, url+"/api/v1/categories"); !strings.Contains(reply, "added as “Refunded twice”") || !strings.Contains(reply, "hallucinated_fact") {
		t.Errorf("categories %s", reply)
	}
}

func TestWorkflowKeyIsConfigured(t *testing.T) {
	url := serve(t, Config{WorkflowKey: crash.WorkflowKey{"workflow.category", "gen_ai.response.model"}})
	post(t, url+"/api/v1/records", "text/csv", "", []byte(workflowCSV))
	list, err := client(t, url).Clusters(t.Context(), query.Request{Range: query.Range{From: noon, To: noon.Add(time.Hour)}})
	if err != nil || len(list.Clusters) != 1 || list.Clusters[0].Key != "workflow/wrong_output gen_ai.response.model=m-2" {
		t.Errorf("clusters %+v, %v", list.Clusters, err)
	}
}

func TestRunsComeIn(t *testing.T) {
	url := serve(t, Config{})
	body := "runs.start,runs.length_seconds,runs.count,workflow.surface\n2026-05-01T12:00:00Z,3600,412,support-chat\n2026-05-01T12:00:00Z,0,1,x\n"
	for _, want := range []string{`"added":1`, `"duplicates":1`} {
		status, _, reply := post(t, url+"/api/v1/runs", "text/csv", "", []byte(body))
		if status != http.StatusOK || !strings.Contains(string(reply), want) || !strings.Contains(string(reply), "line 3") {
			t.Errorf("%d %s; want %s and line 3 refused", status, reply, want)
		}
	}
	line := `{"runs.start":"2026-05-02T12:00:00Z","runs.length_seconds":60,"runs.count":3,"service.name":"support-chat"}`
	if status, _, reply := post(t, url+"/api/v1/runs", "application/x-ndjson", "", []byte(line)); status != http.StatusOK || !strings.Contains(string(reply), `"added":1`) {
		t.Errorf("%d %s", status, reply)
	}
}

func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}
