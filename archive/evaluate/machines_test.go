package evaluate_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/otlp"
	"github.com/epicurve/epicurve/pkg/query"
)

// machinesDays is the length of the archive, vms the number of virtual machines,
// three to a physical host.
const (
	machinesDays = 60
	vms          = 60
)

// vm is a virtual machine on a day. Physical host 4 boots its three machines every
// second day, all others run for long.
func vm(n, day int) crash.Host {
	uptime := time.Duration(100+day+n) * 24 * time.Hour
	if n/3 == 4 {
		uptime = time.Duration(day%2)*24*time.Hour + 6*time.Hour
	}
	return crash.Host{
		Name: fmt.Sprintf("vm-%02d", n), ID: fmt.Sprintf("machine-%02d", n), PhysicalID: fmt.Sprintf("phys-%02d", n/3),
		KernelRelease: "6.8", UptimeSeconds: crash.Some(int64(uptime.Seconds())),
	}
}

// TestMachinesFromRecords takes records and exposure over the wire into a real
// store: the physical host under three machines is one suspect, and its crashes
// come soon after boot.
func TestMachinesFromRecords(t *testing.T) {
	var records []crash.Record
	var slots []crash.Exposure
	crashed := func(signature string, day, i, n int) {
		r := crash.Record{
			Time: start.AddDate(0, 0, day).Add(time.Duration(i%20) * time.Hour), Source: crash.SourceCore, TimeSource: crash.TimeFromReporter,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: signature}, Host: vm(n, day),
			Process: crash.Process{ServiceName: "leaf", ServiceVersion: "r1"},
		}
		r.Complete("machines", fmt.Sprint(signature, i))
		records = append(records, r)
	}
	for i := range 45 {
		crashed("abort in sick", 2+i, i, 12+i%3)
	}
	for i := range 400 {
		crashed(fmt.Sprintf("abort in well-%d", i%4), i%machinesDays, i, i*7%vms)
	}
	for day := range machinesDays {
		for n := range vms {
			slots = append(slots, crash.Exposure{Host: vm(n, day), Start: start.AddDate(0, 0, day), Length: 24 * time.Hour, Covered: 24 * time.Hour})
		}
	}
	a := overTheWire(t, records, slots, "other/abort in sick")
	v := a.Verdict
	if v.Kind != epi.KindAll || v.Best.Words() != "physical host=phys-04" {
		t.Fatalf("%q on %s: %s", v.Kind, v.Best.Words(), a.Sentence)
	}
	if v.Physical == nil || len(v.Physical.Names) != 3 || v.Physical.Episodes != 45 {
		t.Errorf("machines: %+v", v.Physical)
	}
	for _, says := range []string{"vm-12, vm-13 and vm-14 are one physical machine, phys-04: one suspect, not 3.", "never on hosts up for longer than 3 d"} {
		if !strings.Contains(a.Sentence, says) {
			t.Errorf("%q is not said: %s", says, a.Sentence)
		}
	}
	if u := a.Uptime; u == nil || !u.Below || u.Episodes != 45 || u.Of != 45 || u.Exposure > 0.06 {
		t.Errorf("uptime: %+v", u)
	}
	if well := overTheWire(t, records, slots, "other/abort in well-1"); well.Verdict.Concentrated() || well.Uptime != nil {
		t.Errorf("a scattered cluster: %s", well.Sentence)
	}
}

// overTheWire encodes and decodes, appends to a new store, and asks it.
func overTheWire(t *testing.T, records []crash.Record, slots []crash.Exposure, key string) epi.Assessment {
	t.Helper()
	wire, err := otlp.Marshal(records, slots)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := otlp.UnmarshalProto(wire)
	if err != nil || len(batch.Refused) > 0 {
		t.Fatalf("%v, %v", err, batch.Refused)
	}
	s, err := duckdb.Open(t.Context(), filepath.Join(t.TempDir(), "crashes.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	add(t, s, batch.Records, batch.Slots)
	c := &clock{now: start.AddDate(0, 0, machinesDays)}
	e := evaluate.New(evaluate.Config{Store: s, Now: c.read})
	v, err := e.Verdict(t.Context(), request(query.TypeVerdict, key, c))
	if err != nil {
		t.Fatal(err)
	}
	return v.Assessment
}
