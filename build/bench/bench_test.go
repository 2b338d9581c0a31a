package bench

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

func TestPrintTable(t *testing.T) {
	var out strings.Builder
	err := printTable(&out, []figure{
		{what: "for information", measured: "7"},
		ratio("fast enough", 10*time.Second, time.Second, 2),
		ratio("too slow", time.Second, time.Second, 2),
		absent("no peer", ">= 2", errors.New("peer is not installed")),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"figure           measured  bar   met",
		"for information  7               ",
		"fast enough      10.0      >= 2  yes",
		"too slow         1.0       >= 2  NO",
		"no peer                    >= 2  not measured",
		"not measured: no peer: peer is not installed",
		"",
	}, "\n")
	if out.String() != want {
		t.Errorf("table:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestMedianOf(t *testing.T) {
	values := []int64{1000, 5, 1, 4, 2, 3} // the first does not count
	i := 0
	got, err := medianOf(func() (int64, error) { i++; return values[i-1], nil })
	if err != nil || got != 3 || i != len(values) {
		t.Errorf("medianOf = %d, %v after %d calls; want 3 after %d", got, err, i, len(values))
	}
	if _, err := medianOf(func() (int64, error) { return 0, errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error %v, want the measurement's", err)
	}
}

// TestAllocation holds the widest core to its bar; it is the one figure that
// no other process on the machine can spoil.
func TestAllocation(t *testing.T) {
	img, err := widest()
	if err != nil {
		t.Fatal(err)
	}
	f, err := allocated("widest", func() (crash.Record, error) { return classifyReader(img, img.Size()) })
	if err != nil {
		t.Fatal(err)
	}
	if !f.met {
		t.Errorf("a core of %d segments and %d threads takes %s, want %s", segmentCount, threadCount, f.measured, f.bar)
	}
}

func TestWriteSparse(t *testing.T) {
	content := make([]byte, 3*4096+7)
	content[4096+5], content[len(content)-1] = 1, 2
	path := filepath.Join(t.TempDir(), "core")
	n, err := writeSparse(path, content)
	if err != nil || n != 4096+7 {
		t.Errorf("writeSparse wrote %d bytes, %v; want one block and the tail, %d", n, err, 4096+7)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file differs from its content (%v)", err)
	}
}
