package main

import (
	"bytes"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
	"github.com/epicurve/epicurve/pkg/query"
)

var replayEvery = flag.Int("replay.every", 14, "how many days of a replay pass between two looks at the ledger, and are sent at once; 1 is the whole figure, some minutes")

// history is what an archive is told day by day, and what is true about it.
type history struct {
	name     string
	from, to time.Time
	// on returns what is sent on a day.
	on func(day time.Time) sent
	// said returns what people add to the ledger on a day.
	said    map[time.Time][]query.LedgerEvent
	watched []watched
}

// sent is a day's ingest.
type sent struct {
	records []crash.Record
	slots   []crash.Exposure
	runs    []crash.Runs
}

func (s *sent) add(o sent) {
	s.records = append(s.records, o.records...)
	s.slots = append(s.slots, o.slots...)
	s.runs = append(s.runs, o.runs...)
}

// watched is a cluster whose course is known.
type watched struct {
	key  string
	mark time.Time // zero without a fix
	// ended is the last failure before a true disappearance, zero when there is
	// none; relapse is the first failure after it, zero when there is none.
	ended, relapse time.Time
	never          []string // states that it must never be in
	end            string   // its state on the last day, "" when that is open
}

// replay is an archive in which time passes as the test wants.
type replay struct {
	*history
	client *query.Client
	url    string
	tenant *api.Tenant
	now    atomic.Pointer[time.Time]
}

func newReplay(t *testing.T, h *history) *replay {
	t.Helper()
	s, err := duckdb.Open(t.Context(), filepath.Join(t.TempDir(), "a.duckdb"), duckdb.Options{MemoryLimit: "512MB"})
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{history: h}
	r.now.Store(&h.from)
	e := evaluate.New(evaluate.Config{Store: s, Lookback: 2 * h.to.Sub(h.from), Now: func() time.Time { return *r.now.Load() }})
	srv := httptest.NewServer(api.New(api.Config{Store: s, Answers: e.Answers()}).Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	r.url, r.tenant = srv.URL, &api.Tenant{Store: store.Store(s), Relapses: e.Relapses}
	if r.client, err = query.NewClient(srv.URL, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReplay plays histories whose truth is known to a real archive over HTTP, day
// by day, and holds the ledger's states to the truth on every day that is looked
// at: what lives is never called gone, what ended is called gone on the day that
// the ledger promised, and each relapse reopens its entry once.
func TestReplay(t *testing.T) {
	for _, h := range append(populations(t), workedExample(t)) {
		t.Run(h.name, func(t *testing.T) {
			r := newReplay(t, h)
			courses := make([]course, len(h.watched))
			for i := range courses {
				courses[i].watched = h.watched[i]
			}
			var waiting sent
			var said []query.LedgerEvent
			for n, day := 0, h.from; day.Before(h.to); n, day = n+1, day.AddDate(0, 0, 1) {
				waiting.add(h.on(day))
				said = append(said, h.said[day]...)
				next := day.AddDate(0, 0, 1)
				if n%*replayEvery != 0 && next.Before(h.to) {
					continue
				}
				r.now.Store(&next)
				r.send(t, waiting, said)
				waiting, said = sent{}, nil
				reopen(t.Context(), r.tenant, slog.New(slog.DiscardHandler))
				for i := range courses {
					courses[i].see(t, next, r.entry(t, courses[i].key, next))
				}
			}
			events, err := r.client.Events(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i := range courses {
				courses[i].settle(t, h.to, events)
			}
		})
	}
}

func (r *replay) send(t *testing.T, s sent, events []query.LedgerEvent) {
	t.Helper()
	if len(s.records) > 0 {
		if done, err := r.client.SendRecords(t.Context(), s.records); err != nil || done.Added != len(s.records) {
			t.Fatalf("%d of %d records were added: %v %v", done.Added, len(s.records), done.Refused, err)
		}
	}
	for _, body := range [][]byte{marshalled(t, s.slots), runsBody(t, s.runs)} {
		if body == nil {
			continue
		}
		resp, err := http.Post(r.url+"/v1/logs", "application/x-protobuf", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("exposure: %s", resp.Status)
		}
	}
	if len(events) > 0 {
		if _, err := r.client.Append(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
}

func marshalled(t *testing.T, slots []crash.Exposure) []byte {
	t.Helper()
	if len(slots) == 0 {
		return nil
	}
	body, err := otlp.Marshal(nil, slots)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// entry asks for a cluster's nine fields; the zero entry before its first failure.
func (r *replay) entry(t *testing.T, key string, now time.Time) query.LedgerEntry {
	t.Helper()
	answer, err := r.client.Ledger(t.Context(), query.Request{Cluster: key, Range: query.Range{From: r.from.AddDate(-1, 0, 0), To: now}})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(answer.Entries, func(e query.LedgerEntry) bool { return e.Cluster == key })
	if at < 0 {
		return query.LedgerEntry{}
	}
	return answer.Entries[at]
}

// course is what was seen of a cluster.
type course struct {
	watched
	promised, gone time.Time // the day that was promised last, and the first day of gone
	last           string
}

func (c *course) see(t *testing.T, now time.Time, e query.LedgerEntry) {
	t.Helper()
	c.last = e.State
	if slices.Contains(c.never, e.State) {
		t.Errorf("%s is %q on %s: %s", c.key, e.State, now.Format(time.DateOnly), e.Proof)
	}
	if e.State != "gone" {
		if !c.ended.IsZero() && now.After(c.ended) && !e.NeedUntil.IsZero() && c.gone.IsZero() {
			c.promised = e.NeedUntil
		}
		return
	}
	switch {
	case c.ended.IsZero(), now.Before(c.ended), c.mark.IsZero():
		t.Errorf("%s is gone on %s and was never fixed: %s", c.key, now.Format(time.DateOnly), e.Proof)
	case !c.relapse.IsZero() && now.After(c.relapse):
		t.Errorf("%s is gone on %s, after its relapse: %s", c.key, now.Format(time.DateOnly), e.Proof)
	case c.gone.IsZero():
		c.gone = now
	}
}

// settle judges the whole course.
func (c *course) settle(t *testing.T, to time.Time, events []query.LedgerEvent) {
	t.Helper()
	if c.end != "" && c.last != c.end {
		t.Errorf("%s is %q at the end, want %q", c.key, c.last, c.end)
	}
	if !c.ended.IsZero() {
		// Asked at midnights, every few days, a promise is kept on the next look.
		late := c.promised.AddDate(0, 0, *replayEvery+1)
		switch {
		case c.gone.IsZero():
			t.Errorf("%s ended on %s and was never called gone (promised for %s)", c.key, c.ended.Format(time.DateOnly), c.promised.Format(time.DateOnly))
		case c.gone.After(late):
			t.Errorf("%s was called gone on %s, promised for %s", c.key, c.gone.Format(time.DateOnly), c.promised.Format(time.DateOnly))
		default:
			t.Logf("%s: fixed %s, last failure %s, promised %s, gone %s", c.key, c.mark.Format(time.DateOnly), c.ended.Format(time.DateOnly), c.promised.Format(time.DateOnly), c.gone.Format(time.DateOnly))
		}
	}
	reopened := 0
	for _, e := range events {
		if e.Action == query.ActionReopen && e.Cluster == c.key {
			reopened++
		}
	}
	if want := truthOf(!c.relapse.IsZero() && to.Sub(c.relapse) > 14*24*time.Hour); reopened != want {
		t.Errorf("%s was reopened %d times, want %d", c.key, reopened, want)
	}
}

func truthOf(b bool) int {
	if b {
		return 1
	}
	return 0
}
