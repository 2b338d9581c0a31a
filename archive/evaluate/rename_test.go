package evaluate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// TestRenamedHostIsOne: the sick host gets another name half way, and is still the
// one that everything is on. Machines of one cloned id stay apart.
func TestRenamedHostIsOne(t *testing.T) {
	for _, cloned := range []bool{false, true} {
		s, e, c := setUp(t)
		host := func(n, day int) crash.Host {
			h := crash.Host{Name: fmt.Sprintf("host-%d", n), ID: fmt.Sprintf("machine-%d", n)}
			if n == 3 && day >= 20 {
				h.Name = "host-renamed"
			}
			if cloned {
				h.ID = "machine-of-the-image"
			}
			return h
		}
		var records []crash.Record
		for d := range 40 {
			r := fault("null_deref in leaf", d, start.AddDate(0, 0, d).Add(time.Hour))
			r.Host = host(3, d)
			records = append(records, r)
			for n := range 5 {
				r := fault("abort", 100*d+n, start.AddDate(0, 0, d).Add(time.Duration(n)*time.Hour))
				r.Host = host((d*5+n)%20, d)
				records = append(records, r)
			}
		}
		var slots []crash.Exposure
		for d := range 80 {
			for n := range 20 {
				slots = append(slots, crash.Exposure{Host: host(n, d), Start: start.AddDate(0, 0, d), Length: 24 * time.Hour, Covered: 24 * time.Hour})
			}
		}
		add(t, s, records, slots)
		v, err := e.Verdict(t.Context(), request(query.TypeVerdict, "other/null_deref in leaf", c))
		if err != nil {
			t.Fatal(err)
		}
		a, notices := v.Assessment, strings.Join(v.Notices, "\n")
		if cloned {
			if a.Hosts != 2 || strings.Contains(notices, "was called") {
				t.Errorf("cloned: %d hosts, notices %q", a.Hosts, notices)
			}
			continue
		}
		if a.Hosts != 1 || a.Verdict.Kind != epi.KindAll || a.Verdict.Best.Words() != "host=host-renamed" || !strings.Contains(notices, "host-renamed was called host-3 before") {
			t.Errorf("%d hosts, notices %q: %s", a.Hosts, notices, a.Sentence)
		}
	}
}
