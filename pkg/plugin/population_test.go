package plugin

import (
	"fmt"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// outbreak is a small population with a story: a software disease that spreads
// over all hosts from the third day on, a machine's disease on leaf-07 alone,
// and a background of other crashes. It is the same on every run.
func outbreak(from time.Time) []crash.Record {
	var records []crash.Record
	add := func(at time.Duration, host int, r crash.Record) {
		r.Time = from.Add(at).UTC()
		r.TimeSource, r.Source = crash.TimeFromCoreName, crash.SourceCore
		r.SchemaVersion, r.ClassifierVersion = 1, 1
		r.Finding.Confidence = crash.ConfidenceCertain
		r.Host.Name = fmt.Sprintf("leaf-%02d", host)
		r.Host.ID = fmt.Sprintf("%032x", host)
		r.Host.Type = []string{"m5", "m6"}[host%2]
		r.Cloud.Region = []string{"eu-west", "us-east"}[host%2]
		h := crash.NewHasher("test")
		h.Add("crash", fmt.Appendf(nil, "%s %s %s", r.Time, r.Host.Name, r.Finding.Signature))
		r.ID = h.ID()
		records = append(records, r)
	}
	for i := range 40 {
		add(48*time.Hour+time.Duration(i)*3*time.Hour, i%12, returnToNull())
	}
	for i := range 20 {
		add(time.Duration(i)*8*time.Hour+7*time.Minute, 7, misaligned())
	}
	for i := range 14 {
		add(time.Duration(i)*12*time.Hour+31*time.Minute, i*5%12, nullDeref())
	}
	return records
}

func returnToNull() crash.Record {
	return crash.Record{
		Finding: crash.Finding{
			Class: crash.ReturnToNull, Kind: crash.KindReturnToNull, Signature: "return_to_null in leafd",
			Reasons: []string{"pc is 0", "the word below sp is 0"},
		},
		Fault:   crash.Fault{Signal: "SIGSEGV", SignalNum: crash.Some[int64](11), PC: crash.Some[uint64](0), Arch: "amd64"},
		Process: crash.Process{Executable: "leafd", BuildID: "b7e1", ServiceName: "leaf", ServiceVersion: "2.4.1"},
	}
}

func misaligned() crash.Record {
	return crash.Record{
		Finding: crash.Finding{
			Class: crash.MisalignedStack, Kind: crash.KindMisalignedStack, Signature: "misaligned_stack in leafd",
			Reasons: []string{"sp is 8 off a multiple of 16"}, HardwareSuspect: true, HardwareReasons: []string{"one host only"},
		},
		Fault:   crash.Fault{Signal: "SIGSEGV", SignalNum: crash.Some[int64](11), SP: crash.Some[uint64](0x7ffe_0008), Arch: "amd64"},
		Process: crash.Process{Executable: "leafd", BuildID: "b7e1", ServiceName: "leaf", ServiceVersion: "2.4.1"},
	}
}

func nullDeref() crash.Record {
	return crash.Record{
		Finding: crash.Finding{Class: crash.Other, Kind: crash.KindNullDeref, Signature: `null_deref in "rooter"+0x1f`},
		Fault:   crash.Fault{Signal: "SIGSEGV", SignalNum: crash.Some[int64](11), Addr: crash.Some[uint64](16), Arch: "arm64"},
		Process: crash.Process{Executable: "rooter", BuildID: "c0de", ServiceName: "root", ServiceVersion: "1.0"},
	}
}

// watched is the fleet's exposure: twelve hosts, always on, for four weeks
// before the outbreak and the week of it.
func watched(from time.Time) []crash.Exposure {
	var slots []crash.Exposure
	for host := range 12 {
		for day := -28; day < 7; day++ {
			slots = append(slots, crash.Exposure{
				Host:   crash.Host{Name: fmt.Sprintf("leaf-%02d", host), ID: fmt.Sprintf("%032x", host), Type: []string{"m5", "m6"}[host%2]},
				Cloud:  crash.Cloud{Region: []string{"eu-west", "us-east"}[host%2]},
				Start:  from.AddDate(0, 0, day),
				Length: 24 * time.Hour, Covered: 24 * time.Hour,
				Builds: []crash.ExposedBuild{{ServiceName: "leaf", ServiceVersion: "2.4.1", BuildID: "b7e1", Running: 24 * time.Hour}},
			})
		}
	}
	return slots
}

// fixOf is a fix that somebody marked.
func fixOf(cluster string, at time.Time) query.LedgerEvent {
	return query.LedgerEvent{
		ID: crash.ID{1, 2, 3}, Time: at, Actor: "alice", Cluster: cluster, Action: query.ActionFix,
		Text: "read the <slot> before it is reused", Fix: &query.Fix{At: at, Builds: []string{"2.4.2"}},
	}
}

// mark posts an event to the archive's ledger.
func mark(t *testing.T, url string, e query.LedgerEvent) {
	t.Helper()
	c, err := query.NewClient(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Append(t.Context(), []query.LedgerEvent{e}); err != nil {
		t.Fatal(err)
	}
}
