package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/exporter/crashlab"
	"github.com/epicurve/epicurve/pkg/crash"
)

func TestCompareFindsEveryDifference(t *testing.T) {
	null := finding{crash.ReturnToNull, crash.KindReturnToNull}
	abort := finding{crash.Other, crash.KindAbort}
	deref := finding{crash.Other, crash.KindNullDeref}
	for name, tt := range map[string]struct {
		made, metrics, archive counts
		want                   []finding
	}{
		"equal":          {counts{null: 2, abort: 1}, counts{null: 2, abort: 1}, counts{null: 2, abort: 1}, nil},
		"lost":           {counts{null: 2}, counts{null: 2}, counts{null: 1}, []finding{null}},
		"counted twice":  {counts{null: 2}, counts{null: 3}, counts{null: 2}, []finding{null}},
		"another kind":   {counts{abort: 1}, counts{deref: 1}, counts{deref: 1}, []finding{abort, deref}},
		"out of nowhere": {counts{}, counts{}, counts{deref: 1}, []finding{deref}},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			got, err := compare(&out, tt.made, tt.metrics, tt.archive)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("differing findings (-want +got):\n%s\n%s", diff, out.String())
			}
			if strings.Count(out.String(), "differs") != len(tt.want) {
				t.Errorf("the table does not mark them:\n%s", out.String())
			}
		})
	}
}

func TestExportedSumsOverTheOtherLabels(t *testing.T) {
	const text = `# TYPE coredump_crashes_total counter
coredump_crashes_total{class="other",kind="abort",signal="SIGABRT"} 2
coredump_crashes_total{class="other",kind="abort",signal="SIGSEGV"} 1
coredump_crashes_total{class="other",kind="null_deref",signal="SIGSEGV"} 0
`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(text))
	}))
	defer s.Close()
	got, err := exported(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(counts{{crash.Other, crash.KindAbort}: 3}, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestStagedOutbreakHasEveryKindAndItsShape(t *testing.T) {
	const rounds = 8
	var null [rounds]int
	kinds, sharp := make(map[string]int), -1
	for round := range rounds {
		for _, m := range staged(round, rounds) {
			kinds[m.Want.Kind]++
			switch m.Want.Kind {
			case string(crash.KindReturnToNull):
				null[round]++
			case string(crash.KindMisalignedStack):
				if sharp < 0 {
					sharp = round
				}
			}
		}
	}
	for _, m := range crashlab.Demo() {
		if kinds[m.Want.Kind] == 0 {
			t.Errorf("the outbreak has no %s", m.Want.Kind)
		}
	}
	if null[0] == 0 || null[rounds-1] < 3*null[0] {
		t.Errorf("return_to_null does not grow: %v", null)
	}
	if sharp < rounds/2 {
		t.Errorf("misaligned_stack begins in round %d, want it late", sharp)
	}
}
