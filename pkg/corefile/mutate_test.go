package corefile_test

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// TestMutatedRealCores changes a few bytes in the headers and notes of real
// cores: never a panic, never more memory than promised, and the same answer
// twice and as a stream.
func TestMutatedRealCores(t *testing.T) {
	paths, err := filepath.Glob("testdata/cores/*.zst")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cores", err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	values := []byte{0, 1, 4, 0x7f, 0x80, 0xff}
	for _, path := range paths {
		raw := unpack(t, path)
		if len(raw) > 10<<20 || len(raw) < 4096 {
			continue
		}
		for range 20 {
			at := make([]int, 1+rng.IntN(6))
			old := make([]byte, len(at))
			for i := range at {
				at[i] = rng.IntN(min(len(raw), 12<<10))
				old[i], raw[at[i]] = raw[at[i]], values[rng.IntN(len(values))]
			}
			mutant(t, path, at, raw)
			for i := range at {
				raw[at[len(at)-1-i]] = old[len(at)-1-i]
			}
		}
	}
}

func mutant(t *testing.T, path string, at []int, raw []byte) {
	t.Helper()
	var f *corefile.Facts
	var err error
	used := allocated(func() { f, err = corefile.Read(bytes.NewReader(raw), int64(len(raw)), corefile.Options{}) })
	if used > maxAlloc {
		t.Errorf("%s changed at %v: %d bytes allocated", path, at, used)
	}
	again, err2 := corefile.Read(bytes.NewReader(raw), int64(len(raw)), corefile.Options{})
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%s changed at %v: %v, then %v", path, at, err, err2)
	}
	if err != nil {
		return
	}
	inspect(f)
	if d := cmp.Diff(essenceOf(f), essenceOf(again)); d != "" {
		t.Errorf("%s changed at %v: not the same twice:\n%s", path, at, d)
	}
	stream, err := corefile.ReadStream(bytes.NewReader(raw), corefile.Options{})
	if err == nil && f.ThreadsComplete && stream.ThreadsComplete && onePass(raw) {
		sameFacts(t, f, stream)
	}
}
