package bench

import (
	"io"
	"os"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// classifyFile does in this process what the exporter does for one core.
func classifyFile(path string) (crash.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return crash.Record{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return crash.Record{}, err
	}
	return classifyReader(f, info.Size())
}

func classifyReader(r io.ReaderAt, size int64) (crash.Record, error) {
	facts, err := corefile.Read(r, size, corefile.Options{})
	if err != nil {
		return crash.Record{}, err
	}
	return classify.Record(facts, classify.Options{}), nil
}
