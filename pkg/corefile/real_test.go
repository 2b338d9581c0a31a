package corefile_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/pkg/corefile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// unpack decompresses a checked-in core; it is done by the test, not by the
// reader under test.
func unpack(t testing.TB, path string) []byte {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// realCores lists the real cores of this package's testdata and, where the
// checkout has them, of the whole repository.
func realCores(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"testdata/cores/*.zst", "../../testdata/cores/*.zst", "../../testdata/cores/*/*.zst"} {
		m, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m...)
	}
	if len(all) == 0 {
		t.Fatal("no real cores in testdata")
	}
	return all
}

// TestReadGolden compares everything that is read of the checked-in cores with
// what eu-readelf, gdb and the crash program say, as reviewed once.
func TestReadGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/cores/*.zst")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cores", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".core.zst")
		t.Run(name, func(t *testing.T) {
			raw := unpack(t, path)
			f, err := corefile.Read(bytes.NewReader(raw), int64(len(raw)), corefile.Options{})
			got := describe(f, err)
			golden := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("facts differ (-want +got):\n%s", d)
			}
		})
	}
}

// describe prints facts for the golden files: addresses in hex, the stack by
// its words around sp.
func describe(f *corefile.Facts, err error) []byte {
	if err != nil {
		return fmt.Appendf(nil, "{\"error\": %q}\n", err)
	}
	hex := func(v uint64) string { return fmt.Sprintf("%#x", v) }
	r := f.Thread.Registers
	regs := map[string]string{}
	for i, n := range r.Names {
		regs[n] = hex(r.Values[i])
	}
	words := []string{}
	word := uint64(8)
	if f.Class == 1 {
		word = 4
	}
	for i := range uint64(4) {
		v, ok := f.Memory.Word(r.SP - word + i*word)
		words = append(words, fmt.Sprintf("%#x %v", v, ok))
	}
	out := map[string]any{
		"machine": f.Machine.String(), "class": f.Class.String(), "thread": f.Thread.ID,
		"registers": regs, "pc": hex(r.PC), "sp": hex(r.SP), "fp": hex(r.FP), "lr": hex(r.LR),
		"threads": f.ThreadCount, "threads_complete": f.ThreadsComplete,
		"signal": fmt.Sprintf("%+v", f.Signal), "process": fmt.Sprintf("%+v", f.Process),
		"auxv": len(f.Auxv), "files": len(f.Files), "has_files": f.HasFiles, "words": words,
		"executable": f.ExecutableBuildID, "pc_build_id": f.PCBuildID, "truncated": f.Truncated,
		"producer": f.Producer, "expected_size": f.ExpectedSize, "bytes_read": f.BytesRead, "reads": f.Reads,
		"incomplete": f.Incomplete,
	}
	var modules []string
	for _, m := range f.Modules {
		modules = append(modules, fmt.Sprintf("%#x %s %s", m.Start, m.Path, m.BuildID))
	}
	out["modules"] = modules
	if s, found, complete := f.Memory.Segment(r.PC); found || !complete {
		out["pc_segment"] = fmt.Sprintf("%+v %v", s, complete)
	}
	if s, found, _ := f.Memory.Segment(r.SP); found {
		out["sp_segment"] = fmt.Sprintf("%+v", s)
	}
	if rec := f.Recovered; rec != nil {
		out["recovered"] = fmt.Sprintf("pc %#x sp %#x signal %+v frame %#x alt %v", rec.Registers.PC, rec.Registers.SP, rec.Signal, rec.FrameAddr, rec.AltStack)
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(b, '\n')
}
