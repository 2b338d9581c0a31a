package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/pkg/crash"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, cfg Config) *Spool {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func entries(from, n int) []Entry {
	es := make([]Entry, n)
	for i := range es {
		h := crash.NewHasher("test")
		h.Add("n", []byte{byte(from + i), byte((from + i) >> 8)})
		es[i] = Entry{Record: &crash.Record{
			ID: h.ID(), Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Source: crash.SourceCore,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "abort in demo"},
		}}
	}
	return es
}

func ids(es []Entry) []string {
	var all []string
	for _, e := range es {
		all = append(all, e.Record.ID.String())
	}
	return all
}

func all(t testing.TB, s *Spool) []Entry {
	t.Helper()
	var got []Entry
	if err := s.Replay(0, func(e Entry) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAppendSurvivesReopening(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 4096, MaxBytes: 1 << 30}
	want := entries(0, 50)
	for i := range want {
		s := open(t, cfg)
		if err := s.Append(want[i : i+1]); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, cfg)
	defer s.Close()
	got := all(t, s)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries differ (-want +got):\n%s", diff)
	}
	if len(s.segs) < 3 {
		t.Errorf("%d segments, the test wants several", len(s.segs))
	}
	for i, e := range got {
		if e.Seq != uint64(i+1) {
			t.Fatalf("entry %d has number %d", i, e.Seq)
		}
	}
}

// A write may be cut anywhere by a kill or a power failure: what was
// acknowledged before is there, what was not is gone, and the log goes on.
func TestTornWrite(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Dir: dir})
	if err := s.Append(entries(0, 3)); err != nil {
		t.Fatal(err)
	}
	path := s.segs[0].path
	whole := s.segs[0].bytes
	if err := s.Append(entries(3, 1)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := whole; cut < int64(len(content)); cut += 7 {
		if err := os.WriteFile(path, content[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, Config{Dir: dir})
		if got := all(t, s); len(got) != 3 {
			t.Fatalf("cut at %d: %d entries, want 3", cut, len(got))
		}
		next := entries(9, 1)
		if err := s.Append(next); err != nil {
			t.Fatal(err)
		}
		if got := all(t, s); len(got) != 4 || got[3].Seq != 4 || got[3].Record.ID != next[0].Record.ID {
			t.Fatalf("cut at %d: after an append: %d entries", cut, len(got))
		}
		s.Close()
	}
}

func TestFlippedBit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Dir: dir})
	if err := s.Append(entries(0, 2)); err != nil {
		t.Fatal(err)
	}
	path := s.segs[0].path
	s.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-5] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, Config{Dir: dir})
	defer s.Close()
	if got := all(t, s); len(got) != 1 {
		t.Errorf("%d entries, want the one that is intact", len(got))
	}
}

func TestOnlyOneUser(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Dir: dir})
	defer s.Close()
	if _, err := Open(Config{Dir: dir}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second Open: %v, want ErrLocked", err)
	}
}

func TestBatchAndShipped(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 4096, MaxBytes: 1 << 30}
	s := open(t, cfg)
	want := entries(0, 40)
	if err := s.Append(want[:20]); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(want[20:]); err != nil {
		t.Fatal(err)
	}
	var got []Entry
	for {
		batch, err := s.Batch(7, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			break
		}
		if len(batch) > 7 {
			t.Fatalf("a batch of %d", len(batch))
		}
		got = append(got, batch...)
		if err := s.Shipped(batch[len(batch)-1].Seq); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s = open(t, cfg) // what was shipped is remembered
	}
	defer func() { s.Close() }()
	if diff := cmp.Diff(ids(want), ids(got)); diff != "" {
		t.Errorf("shipped (-want +got):\n%s", diff)
	}
	if st := s.Stats(); st.Pending != 0 || !st.Oldest.IsZero() {
		t.Errorf("stats after shipping everything: %+v", st)
	}
}

func TestSegmentsGoWhenShippedAndFolded(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir(), SegmentBytes: 4096, MaxBytes: 1 << 30})
	defer s.Close()
	for i := range 40 {
		if err := s.Append(entries(i, 1)); err != nil {
			t.Fatal(err)
		}
	}
	segments := len(s.segs)
	if err := s.Shipped(40); err != nil {
		t.Fatal(err)
	}
	if len(s.segs) != segments {
		t.Fatal("segments went before a checkpoint held their counts")
	}
	if err := s.SaveCheckpoint(40, "state"); err != nil {
		t.Fatal(err)
	}
	if len(s.segs) != 1 {
		t.Errorf("%d segments are left, want the one that is written to", len(s.segs))
	}
	if err := s.Append(entries(40, 1)); err != nil {
		t.Fatal(err)
	}
	if got := all(t, s); got[len(got)-1].Seq != 41 {
		t.Errorf("last number %d, want 41", got[len(got)-1].Seq)
	}
}

func TestFullSpoolDropsTheOldest(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir(), SegmentBytes: 4096, MaxBytes: 64 << 10})
	defer s.Close()
	for i := range 400 {
		if err := s.Append(entries(i, 1)); err != nil {
			t.Fatal(err)
		}
		if s.WantsCheckpoint() {
			if err := s.SaveCheckpoint(uint64(i+1), i); err != nil {
				t.Fatal(err)
			}
		}
	}
	st := s.Stats()
	if st.Bytes > 64<<10+4096 {
		t.Errorf("the spool has %d bytes", st.Bytes)
	}
	if st.Dropped == 0 || st.Dropped+st.Pending != 400 {
		t.Errorf("dropped %d, pending %d: want a sum of 400", st.Dropped, st.Pending)
	}
	batch, err := s.Batch(1, 1<<20)
	if err != nil || len(batch) != 1 || batch[0].Seq != st.Dropped+1 {
		t.Errorf("the oldest entry left is %+v, want number %d (%v)", batch, st.Dropped+1, err)
	}
}

// With the other policy the beginning is kept; what was dropped is counted over
// restarts, and the rest is shipped once and in order.
func TestFullSpoolDropsTheNewest(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 4096, MaxBytes: 64 << 10, DropNewest: true}
	s := open(t, cfg)
	defer func() { s.Close() }()
	for i := range 400 {
		if err := s.Append(entries(i, 1)); err != nil {
			t.Fatal(err)
		}
		if s.WantsCheckpoint() {
			if err := s.SaveCheckpoint(uint64(i+1), i); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := s.Stats()
	if before.Bytes > 64<<10+4096 || before.Dropped == 0 || before.Dropped+before.Pending != 400 || before.Last != 400 {
		t.Errorf("%+v: want dropped and pending to add up to 400", before)
	}
	s.Close()
	s = open(t, cfg)
	if _, err := s.LoadCheckpoint(); err != nil {
		t.Fatal(err)
	}
	if after := s.Stats(); after.Dropped != before.Dropped || after.Pending != before.Pending {
		t.Errorf("after a restart %+v, before %+v", after, before)
	}
	var got []uint64
	for {
		batch, err := s.Batch(7, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			break
		}
		for _, e := range batch {
			got = append(got, e.Seq)
		}
		if err := s.Shipped(batch[len(batch)-1].Seq); err != nil {
			t.Fatal(err)
		}
	}
	if got[0] != 1 || got[len(got)-1] != 400 || !slices.IsSorted(got) || uint64(len(got)) != before.Pending {
		t.Errorf("shipped %d entries, %d to %d", len(got), got[0], got[len(got)-1])
	}
	if after := s.Stats(); after.Pending != 0 || !after.Oldest.IsZero() {
		t.Errorf("all is shipped, but %+v", after)
	}
}

// Damage within the spool costs the entries behind it in the same segment; they
// are counted, once.
func TestDamageIsCounted(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 4096, MaxBytes: 1 << 20}
	s := open(t, cfg)
	for i := range 40 {
		if err := s.Append(entries(i, 1)); err != nil {
			t.Fatal(err)
		}
	}
	path, second := s.segs[0].path, s.segs[1].first
	s.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = open(t, cfg)
		st := s.Stats()
		if st.Dropped == 0 || st.Dropped >= second-1 || st.Dropped+st.Pending != 40 {
			t.Errorf("%+v: want dropped and pending to add up to 40", st)
		}
		s.Close()
	}
}

func TestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Dir: dir})
	if c, err := s.LoadCheckpoint(); err != nil || c.Seq != 0 || c.State != nil {
		t.Errorf("without a checkpoint: %+v, %v", c, err)
	}
	if err := s.SaveCheckpoint(7, map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	c, err := s.LoadCheckpoint()
	if err != nil || c.Seq != 7 || string(c.State) != `{"a":1}` {
		t.Errorf("checkpoint %d %s, %v", c.Seq, c.State, err)
	}
	// The segments were lost: numbers must go on after the checkpoint.
	es := entries(0, 1)
	if err := s.Append(es); err != nil || es[0].Seq != 8 {
		t.Errorf("next number %d (%v), want 8", es[0].Seq, err)
	}
	s.Close()

	path := filepath.Join(dir, "checkpoint")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{
		"cut":     content[:len(content)-9],
		"changed": bytes.Replace(content, []byte(`"a":1`), []byte(`"a":2`), 1),
		"newer":   bytes.Replace(content, []byte(`"version":1`), []byte(`"version":9`), 1),
	} {
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, Config{Dir: dir})
		if _, err := s.LoadCheckpoint(); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s checkpoint: %v, want ErrCheckpoint", name, err)
		}
		s.Close()
	}
}

// Any sequence of operations keeps the entries in order, without gaps, and
// gives each to the shipper once.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		cfg := Config{Dir: dir, SegmentBytes: 4096, MaxBytes: 1 << 30}
		s := open(t, cfg)
		defer func() { s.Close() }()
		var model, got []string
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				es := entries(len(model), rapid.IntRange(1, 9).Draw(rt, "n"))
				if err := s.Append(es); err != nil {
					rt.Fatal(err)
				}
				model = append(model, ids(es)...)
			},
			"ship": func(rt *rapid.T) {
				batch, err := s.Batch(rapid.IntRange(1, 20).Draw(rt, "n"), 1<<20)
				if err != nil {
					rt.Fatal(err)
				}
				if len(batch) == 0 {
					return
				}
				got = append(got, ids(batch)...)
				if err := s.Shipped(batch[len(batch)-1].Seq); err != nil {
					rt.Fatal(err)
				}
			},
			"checkpoint": func(rt *rapid.T) {
				if err := s.SaveCheckpoint(uint64(len(model)), len(model)); err != nil {
					rt.Fatal(err)
				}
			},
			"reopen": func(rt *rapid.T) {
				s.Close()
				s = open(t, cfg)
				if _, err := s.LoadCheckpoint(); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				if !slices.Equal(model[:len(got)], got) {
					rt.Fatalf("shipped %v, want the first %d of %v", got, len(got), model)
				}
				if st := s.Stats(); st.Pending != uint64(len(model)-len(got)) {
					rt.Fatalf("%d pending, want %d", st.Pending, len(model)-len(got))
				}
			},
		})
	})
}
