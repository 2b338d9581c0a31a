package fuzz

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/build/testfiles"
)

// What go 1.26 prints.
const (
	saidLate = `fuzz: elapsed: 30s, execs: 1203 (9/sec), new interesting: 0 (total: 12)
fuzz: elapsed: 31s, execs: 1203 (0/sec), new interesting: 0 (total: 12)
--- FAIL: FuzzRead (31.02s)
    context deadline exceeded
FAIL
exit status 1
`
	saidFound = `fuzz: elapsed: 0s, gathering baseline coverage: 0/1 completed
--- FAIL: FuzzRead (0.02s)
    --- FAIL: FuzzRead (0.00s)
        fuzz_test.go:9: context deadline exceeded
    
    Failing input written to testdata/fuzz/FuzzRead/771e938e4458e983
    To re-run:
    go test -run=FuzzRead/771e938e4458e983
FAIL
`
	saidSeed = `--- FAIL: FuzzRead (0.00s)
    --- FAIL: FuzzRead/seed#0 (0.00s)
        fuzz_test.go:9: the context deadline exceeded its budget
FAIL
`
)

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name, said, input string
		want              verdict
	}{
		{"late worker", saidLate, "", outOfTime},
		{"finding", saidFound, "771e938e4458e983", finding},
		{"failing seed", saidSeed, "", broken},
		{"does not compile", "FAIL\tp [build failed]\n", "", broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if input, v := judge(tt.said, "FuzzRead"); input != tt.input || v != tt.want {
				t.Errorf("%q, %v; want %q, %v", input, v, tt.input, tt.want)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	all := []testfiles.Target{{Package: "./a", Name: "FuzzA"}, {Package: "./b", Name: "FuzzB"}}
	got, err := Select(all, "FuzzB")
	if err != nil || len(got) != 1 || got[0].Package != "./b" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Select(all, "FuzzA", "FuzzC"); err == nil {
		t.Error("a target that is not there was not missed")
	}
}

// TestRun fuzzes a module of its own with a good and a bad target.
func TestRun(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module p\n\ngo 1.24\n",
		"p_test.go": `package p
import "testing"
func FuzzGood(f *testing.F) { f.Add("x"); f.Fuzz(func(t *testing.T, s string) {}) }
func FuzzBad(f *testing.F) { f.Add("x"); f.Fuzz(func(t *testing.T, s string) { if len(s) != 1 { t.Fatal("length") } }) }
`,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	targets, err := testfiles.FuzzTargets(root)
	if err != nil || len(targets) != 2 {
		t.Fatal(targets, err)
	}
	var out bytes.Buffer
	if err := Run(t.Context(), &out, root, "20x", targets[:1]); err != nil {
		t.Errorf("the good target: %v\n%s", err, &out)
	}
	err = Run(t.Context(), &out, root, "2000x", targets)
	if err == nil || !strings.Contains(err.Error(), "FuzzBad") || !strings.Contains(err.Error(), "testdata/fuzz/FuzzBad/") {
		t.Errorf("the bad target: %v\n%s", err, &out)
	}
}
