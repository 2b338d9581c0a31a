package grafana_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/grafana"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

var now = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

// stand answers GET /api/annotations as Grafana documents it: every tag must
// match, the newest come first, at most limit of them, 401 without the token.
func stand(t *testing.T, all []map[string]any) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		number := func(name string) int64 {
			n, err := strconv.ParseInt(q.Get(name), 10, 64)
			if err != nil {
				t.Errorf("%s=%q: %v", name, q.Get(name), err)
			}
			return n
		}
		if r.URL.Path != "/grafana/api/annotations" || r.Header.Get("Authorization") != "Bearer sa-token" {
			http.Error(w, `{"message":"Unauthorized"}`, http.StatusUnauthorized)
			return
		}
		found := []map[string]any{}
		for _, a := range all {
			tags := a["tags"].([]string)
			at := a["time"].(int64)
			if at >= number("from") && at <= number("to") && !slices.ContainsFunc(q["tags"], func(tag string) bool { return !slices.Contains(tags, tag) }) {
				found = append(found, a)
			}
		}
		slices.SortStableFunc(found, func(a, b map[string]any) int { return cmp.Compare(b["time"].(int64), a["time"].(int64)) })
		if limit := int(number("limit")); len(found) > limit {
			found = found[:limit]
		}
		if err := json.NewEncoder(w).Encode(found); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/grafana"
}

func annotation(id int, at time.Time, text string, tags ...string) map[string]any {
	return map[string]any{
		"id": id, "alertId": 0, "alertName": "", "dashboardId": 0, "dashboardUID": nil, "panelId": 0, "userId": 2, "userName": "",
		"newState": "", "prevState": "", "created": at.UnixMilli(), "updated": at.UnixMilli(), "time": at.UnixMilli(), "timeEnd": at.UnixMilli(),
		"text": text, "tags": tags, "login": "ada", "email": "ada@example.org", "avatarUrl": "", "data": map[string]any{},
	}
}

// kept is a ledger that is idempotent by id.
type kept map[crash.ID]query.LedgerEvent

func (k kept) append(_ context.Context, events []query.LedgerEvent) (added int, err error) {
	for _, e := range events {
		if _, known := k[e.ID]; !known {
			k[e.ID] = e
			added++
		}
	}
	return added, nil
}

func poller(t *testing.T, url, token string, ledger kept) *grafana.Poller {
	t.Helper()
	p, err := grafana.New(grafana.Config{URL: url, Token: token, Append: ledger.append, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFixesArePickedUpOnce(t *testing.T) {
	rollout := annotation(3, now.Add(-2*time.Hour), "Rolled out <b>v1.4.2</b> &amp; watched", "fix", "build:v1.4.2", "cluster:other/abort in leafd", "cluster:return_to_null")
	rollout["timeEnd"] = now.Add(-time.Hour).UnixMilli()
	url := stand(t, []map[string]any{
		annotation(1, now.Add(-3*time.Hour), "db-7 is out", "fix", "removal", "host:db-7", "misaligned_stack/misaligned_stack in leafd"),
		annotation(2, now.Add(-2*time.Hour), "deployed", "deploy"),
		rollout,
		annotation(4, now.Add(-time.Hour), "which one?", "fix"),
		annotation(5, now.Add(-90*24*time.Hour), "long ago", "fix", "other/x"),
	})
	ledger := kept{}
	p := poller(t, url, "sa-token", ledger)
	for _, want := range []int{3, 0} {
		if added, err := p.Poll(t.Context()); err != nil || added != want {
			t.Fatalf("%d events were new, %v; want %d", added, err, want)
		}
	}
	var lines []string
	for _, e := range ledger {
		lines = append(lines, fmt.Sprintf("%s %s %s %q %s=%s removal=%v builds=%v", e.Cluster, e.Actor, e.Fix.At.Format(time.TimeOnly), e.Text, e.Fix.Dimension, e.Fix.Value, e.Fix.Removal, e.Fix.Builds))
	}
	slices.Sort(lines)
	want := []string{
		`misaligned_stack/misaligned_stack in leafd ada 09:00:00 "db-7 is out" host.name=db-7 removal=true builds=[]`,
		`other/abort in leafd ada 11:00:00 "Rolled out v1.4.2 & watched" = removal=false builds=[v1.4.2]`,
		`return_to_null ada 11:00:00 "Rolled out v1.4.2 & watched" = removal=false builds=[v1.4.2]`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q", lines)
	}
}

func TestManyPages(t *testing.T) {
	var all []map[string]any
	for i := range 2500 {
		all = append(all, annotation(i+1, now.Add(-time.Duration(i)*time.Minute), "x", "fix", fmt.Sprintf("other/c%d", i)))
	}
	ledger := kept{}
	if added, err := poller(t, stand(t, all), "sa-token", ledger).Poll(t.Context()); err != nil || added != 2500 {
		t.Errorf("%d events, %v; want 2500", added, err)
	}
}

func TestGrafanaThatRefuses(t *testing.T) {
	if _, err := poller(t, stand(t, nil), "another", kept{}).Poll(t.Context()); err == nil {
		t.Error("a 401 was taken for an empty answer")
	}
	if _, err := grafana.New(grafana.Config{URL: "grafana:3000"}); err == nil {
		t.Error("a URL without a scheme was accepted")
	}
}
