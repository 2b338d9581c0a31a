package characteristics

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSilence is the quick version of the table: with a mark at an unrelated
// time next to nobody is called gone falsely. 300 histories tell 1 % from 4 %.
func TestSilence(t *testing.T) {
	rows, err := MeasureSilence(context.Background(), 300)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 14 {
		t.Fatalf("%d processes, want 14", len(rows))
	}
	for _, r := range rows {
		if r.Histories < 250 {
			t.Errorf("%s: only %d of 300 histories have enough rows", r.Process, r.Histories)
		}
		if share := r.Random.Share(r.Random.Gone); share > r.Limit+0.01 {
			t.Errorf("%s: %.2f %% falsely gone, want at most %.0f %%", r.Process, 100*share, 100*r.Limit)
		}
	}
}

// TestNaiveIsWorse shows that the simulation can tell good from bad: the rule
// that trusts a known rate is wrong for bursty processes.
func TestNaiveIsWorse(t *testing.T) {
	rows, err := MeasureSilence(context.Background(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if strings.HasPrefix(r.Process, "on ") && r.Random.Share(r.Random.Naive) < 0.4 {
			t.Errorf("%s: the naive rule is wrong in only %.0f %%", r.Process, 100*r.Random.Share(r.Random.Naive))
		}
	}
}

// TestVerdicts is the quick version: from 30 episodes on next to no verdict is
// wrong, and concentrated clusters are found.
func TestVerdicts(t *testing.T) {
	rows, err := MeasureVerdicts(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for i, n := range sizes {
			if n >= 30 && r.Wrong[i] > 0.05 {
				t.Errorf("%s: %.1f %% wrong at %d episodes", r.Scenario, 100*r.Wrong[i], n)
			}
			if n == 50 && r.Right[i] < 0.95 {
				t.Errorf("%s: only %.1f %% right at %d episodes", r.Scenario, 100*r.Right[i], n)
			}
		}
	}
}

func TestRunRefuses(t *testing.T) {
	if err := Run(context.Background(), io.Discard, 0); err == nil {
		t.Error("0 histories are accepted")
	}
}

// TestUpdateDoc writes the tables between the markers of a document; a second run
// from the same seeds gives the same tables.
func TestUpdateDoc(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("before\n"+beginMark+"\nwhat was there\n"+endMark+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := UpdateDoc(context.Background(), path, 6); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(doc)
	if !strings.HasPrefix(text, "before\n") || !strings.HasSuffix(text, endMark+"\nafter\n") || strings.Contains(text, "what was there") || !strings.Contains(text, "| Poisson 12/day |") {
		t.Errorf("document is\n%s", text)
	}
	var again bytes.Buffer
	if err := Run(context.Background(), &again, 6); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, again.String()) {
		t.Errorf("two runs differ:\n%s\n%s", text, again.String())
	}
	if err := os.WriteFile(path, []byte("no markers"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := UpdateDoc(context.Background(), path, 6); err == nil {
		t.Error("a document without markers is accepted")
	}
}

// TestRates checks that the processes have the rates they are named for.
func TestRates(t *testing.T) {
	const horizon = 20_000
	for _, c := range []struct {
		process string
		rate    float64
		within  float64
	}{
		{"Poisson 12/day", 12, 0.02},
		{"Poisson 1/week", 1. / 7, 0.1},
		{"on 3 d @10/d, off Exp(10 d)", 30. / 13, 0.1},
		{"5/d with a ~14 d pause every ~60 d", 5 * 60. / 74, 0.1},
		{"crash loops (20 rows) every 3 d", 20. / 3, 0.1},
		{"weekly cron burst", 8. / 7, 0.05},
		{"Hawkes, branching 0.9", 1.5, 0.15},
		{"Weibull gaps k=0.5", 0.5, 0.1},
		{"negative-binomial days, size 0.15", 2, 0.1},
	} {
		for _, p := range processes() {
			if p.name != c.process {
				continue
			}
			got := float64(len(p.draw(rand.New(rand.NewPCG(1, 2)), horizon))) / horizon
			if math.Abs(got/c.rate-1) > c.within {
				t.Errorf("%s: %.3f a day, want %.3f", p.name, got, c.rate)
			}
		}
	}
}

// TestHeldOut: what holds for the processes that the thresholds were chosen by
// holds for others.
func TestHeldOut(t *testing.T) {
	rows, err := MeasureHeldOut(context.Background(), 60)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 12 {
		t.Fatalf("%d processes, want 12", len(rows))
	}
	for _, r := range rows {
		if share := r.Random.Share(r.Random.Gone); share > r.Limit+0.03 {
			t.Errorf("%s: %.2f %% falsely gone", r.Process, 100*share)
		}
		if r.Histories < 45 {
			t.Errorf("%s: only %d of 60 histories have enough rows", r.Process, r.Histories)
		}
	}
}

// TestReduced: nothing is called reduced while nothing changed, and a halving of a
// frequent steady process is seen at the first look.
func TestReduced(t *testing.T) {
	rows, err := MeasureReduced(context.Background(), 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.False > 0.15 {
			t.Errorf("%s: %.1f %% falsely reduced", r.Process, 100*r.False)
		}
		if r.Half[1] < r.Half[0] || r.Tenth[1] < r.Tenth[0] {
			t.Errorf("%s: fewer by the last look than by the first: %v, %v", r.Process, r.Half, r.Tenth)
		}
		if r.Process == "Poisson 12/day" && (r.Half[0] < 0.95 || r.Tenth[0] < 0.95) {
			t.Errorf("%s: a halving is seen in %.0f %%, a tenth in %.0f %%", r.Process, 100*r.Half[0], 100*r.Tenth[0])
		}
	}
}

// TestSurges: false alarms stay within the budget where crashes come at a constant
// rate, and a fivefold rise of a daily cluster is seen within days.
func TestSurges(t *testing.T) {
	rows, err := MeasureSurges(context.Background(), 40)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.False > 4*DesignedAlarms {
			t.Errorf("%g a day: %.2f false alarms a year, %.2f by design", r.Rate, r.False, DesignedAlarms)
		}
		if last := r.Delay[len(r.Delay)-1]; r.Rate >= 0.5 && (last < 1 || last > 9) {
			t.Errorf("%g a day: a fivefold rise is seen after %d days", r.Rate, last)
		}
	}
}
