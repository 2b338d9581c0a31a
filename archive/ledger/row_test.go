package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

func TestRowsComeBack(t *testing.T) {
	for name, want := range map[string]crash.Record{
		"workflow": {
			Time: day0, TimeSource: crash.TimeFromReporter, Source: crash.SourceWorkflow,
			Finding:  crash.Finding{Class: crash.ClassWorkflow, Kind: "wrong_output", Signature: "wrong_output in chat via a"},
			Process:  crash.Process{ServiceName: "chat", ServiceVersion: "v1"},
			Workflow: crash.Workflow{InputType: "refund", Path: "a", Label: "x", ResponseModel: `m;"2`, RoutingTier: "fast", Judge: crash.JudgeHuman},
			Cloud:    crash.Cloud{Region: "eu"},
		},
		"crash": {
			Time: day0.Add(time.Microsecond), TimeSource: crash.TimeFromReporter, Source: crash.SourceImport,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "abort in leafd"},
			Process: crash.Process{ServiceName: "planner"}, Host: crash.Host{Name: "db-7", KernelRelease: "6.8"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want.Complete("test")
			entry := query.LedgerEntry{Cluster: want.ClusterKey(), State: "gone", Proof: "silent", Causes: []query.LedgerRemark{{Text: "prompt 41"}}}
			cells := ledger.Row(&want, entry)
			got, err := ledger.ParseRow(append(ledger.Columns(), ledger.ColumnID), cells)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Record); diff != "" {
				t.Errorf("row %q (-want +got):\n%s", cells, diff)
			}
			if got.Cause != "prompt 41" || !got.Proof {
				t.Errorf("cause %q, proof %v", got.Cause, got.Proof)
			}
		})
	}
}

func TestRowsThatAreRefused(t *testing.T) {
	header := []string{"category", "timestamp", "surface", "environment", "cluster"}
	for name, cells := range map[string][]string{
		"no time":      {"wrong_output", "", "chat", "", ""},
		"half a time":  {"wrong_output", "yesterday", "chat", "", ""},
		"environment":  {"wrong_output", "2026-05-01", "chat", "fast", ""},
		"cluster":      {"wrong_output", "2026-05-01", "chat", "", "nobody/knows"},
		"category":     {"Wrong Output", "2026-05-01", "chat", "", ""},
		"unknown kind": {"other/sulking", "2026-05-01", "chat", "", ""},
	} {
		if p, err := ledger.ParseRow(header, cells); err == nil {
			t.Errorf("%s: %v was read as %+v", name, cells, p.Record)
		}
	}
}
