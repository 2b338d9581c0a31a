package pipeline

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/crash"
)

// covered runs a coverage for some time on a fake clock and returns the
// exposures and the slot left over.
func covered(t *testing.T, earlier Slot, lasting time.Duration, covering func(since time.Duration) bool) (es []crash.Exposure, left Slot) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now() // synctest begins at 2000-01-01 00:00:00 UTC, the start of a slot
		c := &Coverage{
			Blank:    func() crash.Exposure { return crash.Exposure{Host: crash.Host{ID: "m1"}} },
			Covering: func() bool { return covering(time.Since(start)) },
			Builds:   func() []crash.ExposedBuild { return []crash.ExposedBuild{{ServiceName: "web", BuildID: "ab"}} },
			Commit: func(_ context.Context, e spool.Entry) (Outcome, error) {
				es = append(es, *e.Exposure)
				return Counted, nil
			},
			Logger: slog.New(slog.DiscardHandler),
		}
		ctx, cancel := context.WithTimeout(t.Context(), lasting)
		defer cancel()
		c.Run(ctx, earlier)
		left = c.Slot()
	})
	return es, left
}

func always(time.Duration) bool { return true }

func TestCoverageOfFullSlots(t *testing.T) {
	es, left := covered(t, Slot{}, 12*time.Minute, always)
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	build := []crash.ExposedBuild{{ServiceName: "web", BuildID: "ab", Running: SlotLength}}
	want := []crash.Exposure{
		{Host: crash.Host{ID: "m1"}, Start: start, Length: SlotLength, Covered: SlotLength, Builds: build},
		{Host: crash.Host{ID: "m1"}, Start: start.Add(SlotLength), Length: SlotLength, Covered: SlotLength, Builds: build},
	}
	if diff := cmp.Diff(want, es); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if left.Covered != 2*time.Minute || !left.Start.Equal(start.Add(2*SlotLength)) {
		t.Errorf("left over %+v", left)
	}
	for _, e := range es {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// Time in which a crash would not have been counted is no exposure.
func TestCoverageGap(t *testing.T) {
	es, _ := covered(t, Slot{}, 6*time.Minute, func(since time.Duration) bool {
		return since < time.Minute || since > 3*time.Minute
	})
	if len(es) != 1 {
		t.Fatalf("%d exposures", len(es))
	}
	// Looks every 15s decide; a gap is never counted as covered.
	if c := es[0].Covered; c > 3*time.Minute || c < 3*time.Minute-2*coverageTick {
		t.Errorf("covered %s of a slot with a gap of 2m", c)
	}
	if es[0].Builds[0].Running != es[0].Covered {
		t.Errorf("build ran %s, covered %s", es[0].Builds[0].Running, es[0].Covered)
	}
}

// What the spool does not take is not lost, and comes in order.
func TestCoverageWaitsForTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var es []crash.Exposure
		c := &Coverage{
			Blank:    func() crash.Exposure { return crash.Exposure{Host: crash.Host{ID: "m1"}} },
			Covering: func() bool { return true },
			Limited:  func() bool { return time.Since(start) <= 2*time.Minute },
			Builds:   func() []crash.ExposedBuild { return nil },
			Commit: func(_ context.Context, e spool.Entry) (Outcome, error) {
				if time.Since(start) < 12*time.Minute {
					return Postponed, nil
				}
				es = append(es, *e.Exposure)
				return Counted, nil
			},
			Logger: slog.New(slog.DiscardHandler),
		}
		ctx, cancel := context.WithTimeout(t.Context(), 16*time.Minute)
		defer cancel()
		c.Run(ctx, Slot{})
		if len(es) != 3 || !es[0].Start.Equal(start.UTC()) || !es[2].Start.Equal(start.UTC().Add(2*SlotLength)) {
			t.Fatalf("%+v, want three slots in order", es)
		}
		if es[0].Limited != 2*time.Minute || es[1].Limited != 0 || es[0].Covered != SlotLength {
			t.Errorf("limited for %s of %s, then %s; want 2m, then 0", es[0].Limited, es[0].Covered, es[1].Limited)
		}
	})
}

// A restart within a slot goes on with it; a slot that ended while the exporter
// was down is recorded as far as it went.
func TestCoverageOverRestarts(t *testing.T) {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	es, _ := covered(t, Slot{Start: start, Covered: 10 * time.Second}, 6*time.Minute, always)
	if len(es) != 1 || es[0].Covered != SlotLength {
		t.Errorf("exposures %+v, want one whole slot, never more", es)
	}
	earlier := start.Add(-time.Hour)
	es, left := covered(t, Slot{Start: earlier, Covered: time.Minute}, time.Second, always)
	if len(es) != 1 || !es[0].Start.Equal(earlier) || es[0].Covered != time.Minute {
		t.Errorf("exposures %+v, want the minute of the earlier run", es)
	}
	if !left.Start.Equal(start) || left.Covered != time.Second {
		t.Errorf("left over %+v", left)
	}
}
