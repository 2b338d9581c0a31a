package clickhouse

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

func TestSurplus(t *testing.T) {
	w := store.DedupeWindow.Microseconds()
	for name, tc := range map[string]struct {
		rows []received
		want []int64
	}{
		"alone":                     {[]received{{5, 1}}, nil},
		"the same row twice":        {[]received{{5, 1}, {5, 2}}, nil},
		"dated otherwise":           {[]received{{5, 2}, {9, 1}}, []int64{5}},
		"received at once":          {[]received{{9, 1}, {5, 1}}, []int64{9}},
		"beyond the window":         {[]received{{5, 1}, {5 + w + 1, 2}}, nil},
		"at the end of the window":  {[]received{{5, 1}, {5 + w, 2}}, []int64{5 + w}},
		"the middle one falls away": {[]received{{0, 1}, {w - 1, 2}, {w + 1, 3}}, []int64{w - 1}},
		"each once":                 {[]received{{5, 1}, {9, 2}, {9, 3}}, []int64{9}},
	} {
		if got := surplus(tc.rows); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// barrier is a network that holds INSERTs until two have come.
type barrier struct {
	http.RoundTripper
	come *sync.WaitGroup
}

func (b barrier) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.URL.Query().Get("query"), "INSERT") {
		b.come.Done()
		b.come.Wait()
	}
	return b.RoundTripper.RoundTrip(req)
}

// TestArchivesTakeOneCrashAtOnce lets two archives look up the same crashes
// before either inserts them, dated otherwise by each: every crash is there once.
func TestArchivesTakeOneCrashAtOnce(t *testing.T) {
	a := opened(t)
	b, err := Open(context.Background(), a.opt)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // it holds nothing of its own
	var come sync.WaitGroup
	come.Add(2)
	for _, s := range []*Store{a, b} {
		s.c.http.Transport = barrier{s.c.http.Transport, &come}
	}
	first, second := numbered(0, 50), numbered(0, 50)
	for i := range second {
		second[i].Time = second[i].Time.Add(time.Hour)
		second[i].Finding.Signature = "dated otherwise"
	}
	a.now = func() time.Time { return clusterBegin }
	b.now = func() time.Time { return clusterBegin.Add(time.Second) }
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := a.Append(context.Background(), first); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		if _, err := b.Append(context.Background(), second); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if err := a.awaitMutations(context.Background(), tableCrashes); err != nil {
		t.Fatal(err)
	}
	req := query.Request{Type: query.TypeRecords, Range: query.Range{From: clusterBegin, To: clusterBegin.Add(day)}, Limit: 1000}
	req.Normalize()
	got, err := a.Records(context.Background(), req)
	if err != nil || len(got.Records) != 50 {
		t.Fatalf("%d records, %v; want 50", len(got.Records), err)
	}
	for _, r := range got.Records {
		if r.Finding.Signature == "dated otherwise" {
			t.Errorf("of crash %s the second is there", r.ID)
		}
	}
	if c, err := a.Verify(context.Background()); err != nil || len(c.Faults) != 0 {
		t.Errorf("Verify: %+v, %v", c, err)
	}
}
