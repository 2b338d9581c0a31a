package corefile_test

import (
	"bytes"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// BenchmarkRead reports time, allocations and the bytes read of a core.
func BenchmarkRead(b *testing.B) {
	stored := func(name string) []byte { return unpack(b, "testdata/cores/"+name+".core.zst") }
	single := stored("ret_null")
	for _, bb := range []struct {
		name string
		in   []byte
	}{
		{"single-thread", single},
		{"9-threads", stored("mt8_w5_ret_null")},
		{"2000-threads", coretest.Must(threaded(b, 2000, coretest.Kernel)).Bytes()},
		{"2000-threads-gcore", coretest.Must(threaded(b, 2000, coretest.Gcore)).Bytes()},
		{"80041-segments", stored("manyvma40k_ret_null")},
		{"raised-again", stored("rr_ret_null")},
		{"zstd", compress(b, "zstd", single)},
		{"gzip", compress(b, "gzip", single)},
		{"lz4", compress(b, "lz4", single)},
		{"xz", compress(b, "xz", single)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			var f *corefile.Facts
			for b.Loop() {
				var err error
				if f, err = corefile.Read(bytes.NewReader(bb.in), int64(len(bb.in)), corefile.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(f.BytesRead), "read-bytes")
			b.ReportMetric(float64(f.Reads), "reads")
		})
	}
}

// BenchmarkStream reads the same core from forward-only input.
func BenchmarkStream(b *testing.B) {
	raw := unpack(b, "testdata/cores/ret_null.core.zst")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := corefile.ReadStream(onlyReader{bytes.NewReader(raw)}, corefile.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
