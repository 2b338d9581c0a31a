package bench

import "testing"

// The two sides of the figure "wall time of 10,000 cores in one process", to be
// profiled: go test ./build/bench -run '^$' -bench . -benchtime 30000x -cpuprofile cpu.prof

func BenchmarkClassify(b *testing.B) {
	run(b, func(path string) error { _, err := classifyFile(path); return err })
}

func BenchmarkBare(b *testing.B) {
	buf := make([]byte, bareRead)
	run(b, func(path string) error { return readBare(path, buf) })
}

// run does one thing to the stored cores in turn. It reports the processor time,
// too, which says more than wall time on a machine that others use.
func run(b *testing.B, do func(path string) error) {
	paths, err := (&bed{root: "../..", dir: b.TempDir()}).stored()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	began := processorTime()
	i := 0
	for b.Loop() {
		if err := do(paths[i%len(paths)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64((processorTime()-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
}
