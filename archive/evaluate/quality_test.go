package evaluate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/storetest"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// fault is one crash of the program leaf on a host, a fault that cores and the
// kernel's log tell of alike.
func fault(signature string, n int, at time.Time) crash.Record {
	r := crash.Record{
		Time: at, Source: crash.SourceCore, Fault: crash.Fault{Signal: "SIGSEGV"},
		Finding: crash.Finding{Class: crash.Other, Kind: crash.KindNullDeref, Signature: signature},
		Host:    crash.Host{Name: fmt.Sprintf("host-%d", n%7), BootID: "boot"},
		Process: crash.Process{Executable: "leaf-server-long-name", ServiceName: "leaf", ServiceVersion: "r1", PID: crash.Some(int64(1000 + n))},
	}
	r.Complete("test", fmt.Sprint(signature, n))
	return r
}

// logged makes a record of a crash as the log tells of it.
func logged(r crash.Record) crash.Record {
	r.Source, r.Finding.Signature = crash.SourceKernelLog, "segfault in leaf"
	r.Process.Executable = r.Process.Executable[:15]
	r.ID = crash.ID{}
	r.Complete("log", r.ID.String()+r.Time.String()+r.Host.Name)
	return r
}

// daily makes a fault a day from start on.
func daily(signature string, days int) []crash.Record {
	var all []crash.Record
	for d := range days {
		all = append(all, fault(signature, d, start.AddDate(0, 0, d).Add(time.Hour)))
	}
	return all
}

// asked is the assessment of a cluster some days after start.
func asked(t *testing.T, e *evaluate.Evaluator, key string, days int) epi.Assessment {
	t.Helper()
	r := query.Request{Type: query.TypeVerdict, Cluster: key, Range: query.Range{From: start, To: start.AddDate(0, 0, days)}}
	r.Normalize()
	v, err := e.Verdict(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if v.Quality == nil {
		t.Error("the verdict comes without the quality of the archive's data")
	}
	return v.Assessment
}

func fixed(t *testing.T, s *storetest.Oracle, key string, day int) {
	t.Helper()
	say(t, s, 1, query.LedgerEvent{Cluster: key, Action: query.ActionFix, Text: "r2", Fix: &query.Fix{At: start.AddDate(0, 0, day)}})
}

// goneOn is the first day on which a cluster is gone, 0 if never.
func goneOn(t *testing.T, e *evaluate.Evaluator, key string, from, to int) int {
	t.Helper()
	for day := from; day <= to; day++ {
		if asked(t, e, key, day).State == epi.StateGone {
			return day
		}
	}
	return 0
}

// TestGoneWaitsForLateRows: one row in ten comes 20 days late, so nothing is gone
// 20 days sooner than it would be if all came at once.
func TestGoneWaitsForLateRows(t *testing.T) {
	const key = "other/null_deref in leaf"
	first := map[bool]int{}
	for _, late := range []bool{false, true} {
		s, e, c := setUp(t)
		for i, r := range daily("null_deref in leaf", 40) {
			var delay time.Duration
			if late && i%10 == 5 {
				delay = 20 * 24 * time.Hour
			}
			s.Now = func() time.Time { return r.Time.Add(delay) }
			add(t, s, []crash.Record{r}, nil)
		}
		add(t, s, nil, fleet(120))
		c.now = start.AddDate(0, 0, 120)
		fixed(t, s, key, 40)
		first[late] = goneOn(t, e, key, 41, 119)
		if a := asked(t, e, key, 119); late && (a.Quality.LateDays != 20 || !strings.Contains(strings.Join(a.Notes, "\n"), "silence is judged up to")) {
			t.Errorf("late by %v days: %q", a.Quality.LateDays, a.Notes)
		}
	}
	if first[false] == 0 || first[true] != first[false]+20 {
		t.Errorf("gone on day %d; with rows that come 20 days late on day %d", first[false], first[true])
	}
}

// TestBacklogIsNotLate: what happened before the archive received anything, or
// what was imported, says nothing about how late rows come.
func TestBacklogIsNotLate(t *testing.T) {
	s, e, c := setUp(t)
	records := daily("null_deref in leaf", 60)
	c.now = start.AddDate(0, 0, 70)
	for i, r := range records {
		received := start.AddDate(0, 0, 50) // all of the backlog at once
		if i > 50 {
			received = r.Time.Add(time.Minute)
		}
		if i == 55 {
			r.Source, received = crash.SourceImport, r.Time.AddDate(0, 0, 12)
		}
		s.Now = func() time.Time { return received }
		add(t, s, []crash.Record{r}, nil)
	}
	add(t, s, nil, fleet(70))
	if a := asked(t, e, "other/null_deref in leaf", 69); a.Quality.LateDays > 0.01 {
		t.Errorf("rows are taken to come %v days late", a.Quality.LateDays)
	}
}

// TestScannedCoresAreNotLate: one row in a hundred of the live feed comes three
// days late, and that is the horizon, also after a host brought a year of old
// cores along. As of a day before anything was received nothing is late.
func TestScannedCoresAreNotLate(t *testing.T) {
	for _, scanned := range []bool{false, true} {
		s, e, c := setUp(t)
		c.now = start.AddDate(0, 0, 60)
		for i := range 400 {
			r := fault("null_deref in leaf", i, start.AddDate(0, 0, 20).Add(time.Duration(i)*2*time.Hour))
			var delay time.Duration
			if i%80 == 40 {
				delay = 3 * 24 * time.Hour
			}
			s.Now = func() time.Time { return r.Time.Add(delay) }
			add(t, s, []crash.Record{r}, nil)
		}
		if scanned {
			s.Now = func() time.Time { return start.AddDate(0, 0, 50) }
			for i := range 365 {
				r := fault("null_deref in leaf", 10_000+i, start.AddDate(0, 0, 49-i))
				r.Host.Name = "host-new"
				add(t, s, []crash.Record{r}, nil)
			}
		}
		if a := asked(t, e, "other/null_deref in leaf", 59); a.Quality.LateDays != 3 {
			t.Errorf("scanned %v: rows come %v days late, want 3", scanned, a.Quality.LateDays)
		}
		past := evaluate.New(evaluate.Config{Store: s, Now: func() time.Time { return start.AddDate(0, 0, 21) }})
		if a := asked(t, past, "other/null_deref in leaf", 21); a.Quality.LateDays != 0 {
			t.Errorf("scanned %v, as of the past: rows come %v days late, want none", scanned, a.Quality.LateDays)
		}
	}
}

// TestOneCrashToldTwice: the log's row, a moment earlier, gives way to the core's.
func TestOneCrashToldTwice(t *testing.T) {
	s, e, c := setUp(t)
	records := daily("null_deref in leaf", 30)
	for i, r := range records[:10] {
		twin := logged(r)
		twin.Time = r.Time.Add(time.Duration(i-5) * 100 * time.Millisecond)
		records = append(records, twin)
	}
	other := logged(records[20]) // the same second, another process
	other.Process.PID = crash.Some(int64(77))
	add(t, s, append(records, other), fleet(80))
	a := asked(t, e, "other/null_deref in leaf", 80)
	if a.Rows != 30 || a.Quality.Repeats != 0 {
		t.Errorf("the cores' cluster has %d rows and %d repeats, want 30 and 0", a.Rows, a.Quality.Repeats)
	}
	b := asked(t, e, "other/segfault in leaf", 80)
	if b.Rows != 1 || b.Quality.Repeats != 10 || !strings.Contains(strings.Join(b.Notes, "\n"), "10 rows told again") {
		t.Errorf("the log's cluster has %d rows and %d repeats, want 1 and 10: %q", b.Rows, b.Quality.Repeats, b.Notes)
	}
	list, err := e.Clusters(t.Context(), request(query.TypeClusters, "", c))
	if err != nil || list.Quality == nil || list.Quality.Repeats != 10 {
		t.Errorf("clusters: %+v, %v", list.Quality, err)
	}
}

// TestLostCores: from day 40 on crashes leave no core any more; only the log tells
// of them. The cluster of the cores is silent and must not be gone. When it ends
// and the log is as quiet as before, it is.
func TestLostCores(t *testing.T) {
	const key = "other/null_deref in leaf"
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost %v", lost), func(t *testing.T) {
			s, e, c := setUp(t)
			var records []crash.Record
			for d := range 120 {
				for k := range 3 {
					r := fault("null_deref in leaf", 3*d+k, start.AddDate(0, 0, d).Add(time.Duration(3+7*k)*time.Hour))
					switch {
					case d < 40:
						records = append(records, r)
					case lost:
						records = append(records, logged(r))
					}
				}
				if d%4 == 0 { // one that never leaves a core
					records = append(records, logged(fault("null_deref in leaf", 5000+d, start.AddDate(0, 0, d).Add(14*time.Hour))))
				}
			}
			add(t, s, records, fleet(120))
			c.now = start.AddDate(0, 0, 120)
			fixed(t, s, key, 40)
			gone := goneOn(t, e, key, 41, 119)
			a := asked(t, e, key, 119)
			if lost {
				if gone != 0 || a.State != epi.StateBlind || !strings.Contains(a.Sentence, "left a core") {
					t.Errorf("gone on day %d; at the end %q", gone, a.Sentence)
				}
			} else if gone == 0 || len(a.Quality.Shades) != 0 {
				t.Errorf("not gone: %q, %+v", a.Sentence, a.Quality.Shades)
			}
			if q := a.Quality.Cores; q == nil || q.Core != 120 || q.Known <= 140 || !(q.Lower < q.Share && q.Share < q.Upper) {
				t.Errorf("cores: %+v", q)
			}
		})
	}
}

// TestDeadFeedStopsTheClock: a broken parser hides every crash, while hosts go on
// reporting. Then nothing is gone for as long as that is believable.
func TestDeadFeedStopsTheClock(t *testing.T) {
	const key = "other/null_deref in leaf"
	for _, dead := range []bool{false, true} {
		t.Run(fmt.Sprintf("dead %v", dead), func(t *testing.T) {
			s, e, c := setUp(t)
			records := daily("null_deref in leaf", 60)
			for d := range 100 {
				for k := range 8 {
					if !dead || d < 60 {
						records = append(records, fault(fmt.Sprintf("abort %d", k%4), 10*d+k, start.AddDate(0, 0, d).Add(time.Duration(3*k)*time.Hour)))
					}
				}
			}
			add(t, s, records, fleet(100))
			c.now = start.AddDate(0, 0, 100)
			fixed(t, s, key, 60)
			gone := goneOn(t, e, key, 61, 99)
			a := asked(t, e, key, 99)
			if dead && (gone != 0 || a.State != epi.StateBlind || len(a.Quality.Shades) == 0) || !dead && (gone == 0 || len(a.Quality.Shades) != 0) {
				t.Errorf("gone on day %d; at the end %q, %+v", gone, a.Sentence, a.Quality.Shades)
			}
		})
	}
}

// TestLimitedHosts: rows of hosts at their limit are flagged, with the rate from
// host-hours.
func TestLimitedHosts(t *testing.T) {
	s, e, c := setUp(t)
	var records []crash.Record
	for i := range 200 { // 200 crashes of host-3 within two hours
		r := fault("null_deref in leaf", i, start.AddDate(0, 0, 10).Add(time.Duration(i)*36*time.Second))
		r.Host.Name = "host-3"
		records = append(records, r)
	}
	slots := fleet(80)
	for i := range slots {
		if slots[i].Host.Name == "host-3" && slots[i].Start.Equal(start.AddDate(0, 0, 10)) {
			slots[i].Limited = 2 * time.Hour
		}
	}
	add(t, s, records, slots)
	a := asked(t, e, "other/null_deref in leaf", 80)
	l := a.Quality.Limited
	if l == nil || l.Hosts != 1 || l.Rows != 200 || l.Top[0].Value != "host-3" || l.HostDays < 0.083 || l.HostDays > 0.084 {
		t.Fatalf("limited: %+v", l)
	}
	// 2 host-hours of 70 days and 20 hosts, not 200 rows
	if perDay := 2 / (70. * 20); float64(l.Rate) < perDay*0.98 || float64(l.Rate) > perDay*1.02 || l.RowRate < 90*float64(l.Rate) {
		t.Errorf("rates %v and %v, want about %v and 100 times that", l.Rate, l.RowRate, perDay)
	}
	exposure, err := e.Answers()[query.TypeExposure](t.Context(), request(query.TypeExposure, "", c))
	if err != nil {
		t.Fatal(err)
	}
	if q := exposure.(query.Timeseries).Quality; q == nil || q.Limited == nil || q.Limited.Rows != 200 {
		t.Errorf("exposure comes with %+v", q)
	}
}
