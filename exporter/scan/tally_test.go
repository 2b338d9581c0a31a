package scan

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/exporter/scan/objects"
	"github.com/epicurve/epicurve/pkg/crash"
)

// TestTally counts a record, a text file and a hole, and looks at what people
// are shown.
func TestTally(t *testing.T) {
	tally := NewTally()
	tally.change(func(c *Totals) { c.Listed, c.Wanted, c.ListedAll, c.Started = 9, 6, true, time.Unix(1000, 0) })
	r := crash.Record{Host: crash.Host{Name: "web-7"}}
	r.Finding.Class, r.Finding.Kind, r.Finding.SuppressedBy = crash.ReturnToNull, crash.KindReturnToNull, "deploys"
	tally.add(&Result{Object: objects.Object{URL: "s3://b/core", Size: 1 << 30}, Records: []crash.Record{r}, Bytes: 32 << 10, Requests: 4})
	tally.add(&Result{Object: objects.Object{URL: "s3://b/readme\nforged line", Size: 100}, Bytes: 100, Reason: "not_elf", Err: errors.New("no core")})
	tally.add(&Result{Object: objects.Object{URL: "s3://b/secret", Size: 100}, Reason: "denied", Hole: true, Err: errors.New("403")})
	tally.Retried()
	now := tally.Now()
	want := "3/6 objects, 1/s, 32.1 KiB read, 100.00 % saved, 1 crashes, without a core: denied 1, not_elf 1, 1 retries, 3s left"
	if got := now.Line(time.Unix(1003, 0)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var out strings.Builder
	if err := tally.Summary(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"9 objects listed, 3 read", "1 crashes marked as false positives", "return_to_null  1", "web-7  1",
		`denied     "s3://b/secret": 403`, `"s3://b/readme\nforged line"`, "1 objects could not be read at all",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Index(out.String(), "secret") > strings.Index(out.String(), "readme") {
		t.Error("what can be mended is not first")
	}
	now.ListedAll = false
	if got := now.Line(time.Unix(1003, 0)); !strings.HasPrefix(got, "3/6+ objects") || !strings.HasSuffix(got, "at least 3s left") {
		t.Errorf("while listing: %s", got)
	}
}

func TestSummaryFails(t *testing.T) {
	if err := NewTally().Summary(broken{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
