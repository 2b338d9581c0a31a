package classify

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// BenchmarkRecord rules on real cores, the reader's work not included.
func BenchmarkRecord(b *testing.B) {
	for _, name := range []string{"ret_null", "abort", "null_read", "bitflip30", "unwind_natural_1"} {
		data, err := os.ReadFile(filepath.Join("../../testdata/cores", name+".core.zst"))
		if err != nil {
			b.Skip(err)
		}
		f, err := corefile.Read(bytes.NewReader(data), int64(len(data)), corefile.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Record(f, Options{})
			}
		})
	}
}
