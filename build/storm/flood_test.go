package storm

import (
	"testing"
	"time"
)

// A small flood; `raise -kind flood` is the one whose figures are promised.
func TestFlood(t *testing.T) {
	f := Flood{Exporter: exporter(t), Dir: t.TempDir(), Cores: 1500, Within: time.Second, Singles: 10, Out: writer{t}}
	r, err := f.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := f.Cores + f.Singles + 1; r.Counted != want {
		t.Errorf("counted %d, want %d", r.Counted, want)
	}
	if r.PeakRSS > 64<<20 {
		t.Errorf("peak RSS %.1f MiB, want less than 64", mib(r.PeakRSS))
	}
}
