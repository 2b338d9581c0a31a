package plugin

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// alertRule is a rule of provisioning/alerting, as far as these tests go.
type alertRule struct {
	UID, Title, Condition string
	Labels                map[string]string
	Annotations           map[string]string
	Data                  []struct {
		RefID             string                 `json:"refId"`
		RelativeTimeRange struct{ From, To int } `json:"relativeTimeRange"`
		DatasourceUID     string                 `json:"datasourceUid"`
		Model             map[string]any
	}
}

func alertRules(t *testing.T) map[string]alertRule {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alertRule
		}
	}
	readYAML(t, "../../provisioning/alerting/epicurve.yaml", &file)
	rules := map[string]alertRule{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if _, twice := rules[r.Title]; twice || r.UID == "" {
				t.Errorf("rule %q is there twice or has no uid", r.Title)
			}
			rules[r.Title] = r
		}
	}
	return rules
}

// TestAlertRulesLeadSomewhere checks that every rule has its section in the
// runbook, and that its state shows on a panel that exists.
func TestAlertRulesLeadSomewhere(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := alertRules(t)
	if len(rules) != 6 {
		t.Errorf("%d rules, want 6", len(rules))
	}
	for title, r := range rules {
		if !strings.Contains(string(runbook), "\n## "+title+"\n") {
			t.Errorf("docs/alerts.md has no section ## %s", title)
		}
		if !strings.HasSuffix(r.Annotations["runbook_url"], "#"+strings.ToLower(title)) {
			t.Errorf("%s: runbook_url = %q", title, r.Annotations["runbook_url"])
		}
		if !slices.Contains([]string{"page", "ticket", "info"}, r.Labels["severity"]) || r.Annotations["summary"] == "" {
			t.Errorf("%s: severity %q, summary %q", title, r.Labels["severity"], r.Annotations["summary"])
		}
		if !hasPanel(t, r.Annotations["__dashboardUid__"], r.Annotations["__panelId__"]) {
			t.Errorf("%s: no panel %s on dashboard %s", title, r.Annotations["__panelId__"], r.Annotations["__dashboardUid__"])
		}
	}
}

func hasPanel(t *testing.T, uid, id string) bool {
	t.Helper()
	text, err := os.ReadFile("../../src/dashboards/" + strings.TrimPrefix(uid, "epicurve-") + ".json")
	if err != nil {
		t.Error(err)
		return false
	}
	var d struct {
		UID    string
		Panels []struct {
			ID   int
			Type string
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		if d.UID == uid && fmt.Sprint(p.ID) == id {
			return p.Type == "timeseries" // the only panel that draws states
		}
	}
	return false
}

// fired evaluates a rule as Grafana does: its query's numbers against the
// threshold. It returns the labels of every number and whether it fires.
func (r alertRule) fired(t *testing.T, ds *Datasource, now time.Time) map[string]bool {
	t.Helper()
	ask, threshold := r.Data[0], r.Data[1]
	model, err := json.Marshal(ask.Model)
	if err != nil {
		t.Fatal(err)
	}
	resp := ds.answer(t.Context(), backend.DataQuery{RefID: ask.RefID, JSON: model, TimeRange: backend.TimeRange{
		From: now.Add(-time.Duration(ask.RelativeTimeRange.From) * time.Second), To: now.Add(-time.Duration(ask.RelativeTimeRange.To) * time.Second),
	}})
	if resp.Error != nil {
		t.Fatal(resp.Error)
	}
	if err := breach(resp.Frames); err != nil {
		t.Errorf("data plane contract: %v", err)
	}
	out := map[string]bool{}
	for _, f := range resp.Frames {
		if f.Meta.Type != data.FrameTypeNumericMulti {
			t.Errorf("frame of type %s; a threshold takes numbers", f.Meta.Type)
		}
		for _, field := range f.Fields {
			v, _ := field.At(0).(float64)
			out[field.Labels.String()] = beyond(t, threshold.Model, v)
		}
	}
	return out
}

// beyond applies the one condition of a threshold expression.
func beyond(t *testing.T, model map[string]any, v float64) bool {
	t.Helper()
	text, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Type, Expression string
		Conditions       []struct {
			Evaluator struct {
				Type   string
				Params []float64
			}
		}
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Type != "threshold" || m.Expression != "A" || len(m.Conditions) != 1 {
		t.Fatalf("condition %s, %v: want one threshold on A", text, err)
	}
	e := m.Conditions[0].Evaluator
	switch e.Type {
	case "gt":
		return v > e.Params[0]
	case "gte":
		return v >= e.Params[0]
	case "lt":
		return v < e.Params[0]
	default:
		t.Fatalf("condition %q is not known to this test", e.Type)
		return false
	}
}

// alarming is a population of the 90 days before now in which every rule has
// one cluster, or region, to tell of, and a cluster that no rule may tell of.
func alarming(now time.Time) (records []crash.Record, slots []crash.Exposure, marks []query.LedgerEvent) {
	day := func(days float64) time.Time { return now.Add(-time.Duration(days * 24 * float64(time.Hour))) }
	crashAt := func(at time.Time, host int, signature string) {
		r := crash.Record{
			Time: at.UTC(), TimeSource: crash.TimeFromCoreName, Source: crash.SourceCore,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: signature},
			Host:    crash.Host{Name: fmt.Sprintf("leaf-%02d", host)},
			Process: crash.Process{Executable: "leafd", ServiceName: "leaf", ServiceVersion: "2.4.1"},
		}
		r.Complete("test", fmt.Sprint(signature, at.UnixNano(), host))
		records = append(records, r)
	}
	for i := range 90 { // two a day, over all hosts
		for _, half := range []float64{0.2, 0.7} {
			back, host := float64(i)+half, (i*5+int(half*10))%12
			crashAt(day(back), host, "steady")
			crashAt(day(back+0.01), host, "surging")
			crashAt(day(back+0.02), 7, "on one host")
			if back > 40 {
				crashAt(day(back+0.03), host, "gone")
				crashAt(day(back+0.04), host, "back again")
			}
		}
	}
	for i := range 24 { // of the last day
		back := float64(i)/24 + 0.005
		crashAt(day(back), i%12, "newborn")
		crashAt(day(back+0.001), (i+3)%12, "surging")
		if i < 8 {
			crashAt(day(back+0.002), (i+5)%12, "back again")
		}
	}
	for i, cluster := range []string{"other/gone", "other/back again"} {
		marks = append(marks, query.LedgerEvent{
			ID: crash.ID{15: byte(i + 1)}, Time: day(40), Actor: "alice", Cluster: cluster, Action: query.ActionFix, Fix: &query.Fix{At: day(40)},
		})
	}
	return records, watchedHourly(now), marks
}

// watchedHourly is the exposure of twelve hosts in two regions, by the day and on
// the last two days by the hour. One region is dark in the last three hours.
func watchedHourly(now time.Time) (slots []crash.Exposure) {
	watch := func(host int, start time.Time, length time.Duration) {
		slots = append(slots, crash.Exposure{
			Host: crash.Host{Name: fmt.Sprintf("leaf-%02d", host)}, Cloud: crash.Cloud{Region: []string{"eu-west", "us-east"}[host%2]},
			Start: start, Length: length, Covered: length,
			Builds: []crash.ExposedBuild{{ServiceName: "leaf", ServiceVersion: "2.4.1", Running: length}},
		})
	}
	for host := range 12 {
		for d := 3; d <= 90; d++ {
			watch(host, now.AddDate(0, 0, -d), 24*time.Hour)
		}
		for h := 1; h <= 48; h++ {
			if host%2 == 0 || h > 3 {
				watch(host, now.Add(-time.Duration(h)*time.Hour), time.Hour)
			}
		}
	}
	return slots
}

// TestAlertRulesTell gives every rule something to tell of and checks that it
// tells of that alone.
func TestAlertRulesTell(t *testing.T) {
	now := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	records, slots, marks := alarming(now)
	url := startArchiveAt(t, now)
	fill(t, url, records, slots)
	for _, m := range marks {
		mark(t, url, m)
	}
	ds := instance(t, url, nil)
	rules := alertRules(t)
	for title, want := range map[string][]string{
		"NewCluster":       {"newborn"},
		"ClusterSurge":     {"newborn", "surging"}, // what is new has no crashes before
		"ClusterRelapsed":  {"back again"},
		"ClusterOnOneHost": {"on one host"},
		"ClusterGone":      {"gone"},
		"CoverageLost":     {"us-east"},
	} {
		t.Run(title, func(t *testing.T) {
			var told []string
			numbers := rules[title].fired(t, ds, now)
			for labels, fires := range numbers {
				if fires {
					told = append(told, labels)
				}
			}
			slices.Sort(told)
			if len(told) != len(want) || len(numbers) <= len(want) {
				t.Fatalf("tells of %q among %q, want %q", told, slices.Sorted(maps.Keys(numbers)), want)
			}
			for i, w := range want {
				if !strings.Contains(told[i], "="+w) && !strings.Contains(told[i], "/"+w) {
					t.Errorf("tells of %q, want %q", told[i], w)
				}
			}
			if title == "ClusterOnOneHost" && !strings.Contains(told[0], "host_name=leaf-07") {
				t.Errorf("%q does not name the host", told[0])
			}
		})
	}
}
