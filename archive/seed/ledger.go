package seed

import (
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Ledger returns what the people of the fleet wrote down.
func (f *Fleet) Ledger() []query.LedgerEvent {
	unwinder := crash.ClusterKey(crash.ReturnToNull, "return_to_null in leafd")
	machine := crash.ClusterKey(crash.MisalignedStack, "misaligned_stack in leafd")
	events := []query.LedgerEvent{
		{Actor: "ada", Time: f.ago(44), Cluster: unwinder, Action: query.ActionLabel, Text: "unwinder race"},
		{Actor: "ada", Time: f.ago(43), Cluster: unwinder, Action: query.ActionCause, Text: "The unwinder reads a slot of the exception table after it was handed out again."},
		{
			Actor: "ada", Time: f.ago(fixedDaysAgo - 0.2), Cluster: unwinder, Action: query.ActionFix, Text: "read the slot before it is reused",
			Fix: &query.Fix{At: f.ago(fixedDaysAgo), Builds: []string{fixed}},
		},
		{Actor: "grace", Time: f.ago(12), Cluster: machine, Action: query.ActionLabel, Text: "one sick machine"},
		{Actor: "grace", Time: f.ago(11), Cluster: machine, Action: query.ActionCause, Text: "One region, only soon after boot, five virtual machines: one physical machine under them."},
		{
			Actor: "grace", Time: f.ago(removedDaysAgo), Cluster: machine, Action: query.ActionFix, Text: "the cloud took it out of service",
			Fix: &query.Fix{At: f.ago(removedDaysAgo), Removal: true, Dimension: "host.physical_id", Value: sickMachine},
		},
	}
	for i := range events {
		e := &events[i]
		e.Time = e.Time.Truncate(time.Microsecond)
		h := crash.NewHasher("epicurve-seed")
		h.Add("ledger", []byte(e.Time.Format(time.RFC3339Nano)+e.Cluster+string(e.Action)))
		e.ID = h.ID()
	}
	return events
}
