package corefile_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// compressors write each format that is read.
var compressors = map[string]func(io.Writer) (io.WriteCloser, error){
	"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) },
	"zstd": func(w io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	},
	"lz4": func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
	"xz":  func(w io.Writer) (io.WriteCloser, error) { return xz.WriterConfig{DictCap: 1 << 20}.NewWriter(w) },
}

func compress(t testing.TB, format string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := compressors[format](&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// essence is what must not depend on the way a core was read.
type essence struct {
	Identity    []corefile.Note
	Thread      corefile.Thread
	Threads     int
	Complete    bool
	Signal      corefile.Signal
	Process     corefile.Process
	Auxv        map[uint64]uint64
	Files       []corefile.MappedFile
	Recovered   *corefile.Recovered
	Executable  string
	PCBuildID   string
	Producer    string
	Expected    int64
	Stack       []byte
	StackKnown  bool
	PCText      []byte
	PCTextKnown bool
}

func essenceOf(f *corefile.Facts) essence {
	e := essence{
		Identity: f.Identity, Thread: f.Thread, Threads: f.ThreadCount, Complete: f.ThreadsComplete,
		Signal: f.Signal, Process: f.Process, Auxv: f.Auxv, Files: f.Files, Recovered: f.Recovered,
		Executable: f.ExecutableBuildID, PCBuildID: f.PCBuildID, Producer: f.Producer, Expected: f.ExpectedSize,
	}
	e.Stack, e.StackKnown = f.Memory.Bytes(f.Thread.Registers.SP-64, 512)
	e.PCText, e.PCTextKnown = f.Memory.Bytes(f.Thread.Registers.PC, 16)
	return e
}

// TestEveryWayAgrees reads every real core by random access, as a stream, and
// in every compression, and expects the same facts.
func TestEveryWayAgrees(t *testing.T) {
	for i, path := range realCores(t) {
		if !strings.HasPrefix(path, "testdata") && i%8 != 0 {
			continue // a sample: all of them take minutes under the race detector
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw := unpack(t, path)
			want, err := corefile.Read(bytes.NewReader(raw), int64(len(raw)), corefile.Options{})
			if err != nil {
				_, err := corefile.ReadStream(bytes.NewReader(raw), corefile.Options{})
				if err == nil {
					t.Error("the stream of an unreadable core was read")
				}
				return
			}
			for format := range compressors {
				if format != "zstd" && (len(raw) > 1<<20 || !strings.HasPrefix(path, "testdata")) {
					continue // encoders are slow; few and small cores show the same
				}
				b := compress(t, format, raw)
				got, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{})
				if err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				if got.Compression != format || got.Size != int64(len(b)) {
					t.Errorf("compression %q, size %d", got.Compression, got.Size)
				}
				same(t, format, want, got)
			}
			got, err := corefile.ReadStream(iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(raw))), corefile.Options{})
			if err != nil {
				t.Fatal("stream:", err)
			}
			if want.Producer == "gcore" { // notes at the end: memory has passed
				if d := cmp.Diff(want.Identity, got.Identity); d != "" {
					t.Errorf("stream: identity (-want +got):\n%s", d)
				}
				return
			}
			same(t, "stream", want, got)
		})
	}
}

func same(t *testing.T, way string, want, got *corefile.Facts) {
	t.Helper()
	if d := cmp.Diff(essenceOf(want), essenceOf(got)); d != "" {
		t.Errorf("%s: facts differ (-random access +%s):\n%s", way, way, d)
	}
}

// TestIdentityOfTruncated: a core cut anywhere behind its notes is the same
// crash.
func TestIdentityOfTruncated(t *testing.T) {
	raw := unpack(t, "testdata/cores/ret_null.core.zst")
	whole, err := corefile.Read(bytes.NewReader(raw), int64(len(raw)), corefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0x3000, 0x3001, 0x10000, len(raw) - 1} {
		for _, format := range []string{"", "zstd"} {
			b := raw[:n]
			if format != "" {
				b = compress(t, format, b)
			}
			f, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(whole.Identity, f.Identity); d != "" {
				t.Errorf("%d bytes %s: identity differs:\n%s", n, format, d)
			}
			if !f.Truncated && format == "" {
				t.Errorf("%d bytes: not called truncated", n)
			}
		}
	}
}

// TestDecompressedLimit: the stack window is found when it lies within the
// limit and unknown, with a reason, when not.
func TestDecompressedLimit(t *testing.T) {
	c := ports[0].core(t)
	gap := coretest.Segment{Start: 0x10000000, Size: 8 << 20, Dumped: 8 << 20}
	c.Segments = append(c.Segments[:2:2], gap, c.Segments[2])
	raw := coretest.Must(c).Bytes()
	b := compress(t, "zstd", raw)
	for limit, want := range map[int64]bool{16 << 20: true, 4 << 20: false} {
		f, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{MaxDecompressed: limit})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.Memory.Word(0x7ff00800); ok != want {
			t.Errorf("limit %d: word at sp known %v, want %v", limit, ok, want)
		}
		if (f.Incomplete == "") != want || f.Truncated || f.ExecutableBuildID != "abcd0102" {
			t.Errorf("limit %d: incomplete %q, truncated %v, build id %q", limit, f.Incomplete, f.Truncated, f.ExecutableBuildID)
		}
		if !want && f.BytesRead > 1<<20 {
			t.Errorf("%d bytes decompressed for what cannot be reached", f.BytesRead)
		}
	}
}

// TestDamagedCompression: bad data behind the registers costs the memory only.
func TestDamagedCompression(t *testing.T) {
	raw := unpack(t, "testdata/cores/ret_null.core.zst")
	for format := range compressors {
		whole := compress(t, format, raw)
		b := whole[:40]
		_, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{})
		wantReason(t, err, corefile.ReasonTruncated, corefile.ErrTruncated)
		if format == "lz4" || format == "xz" {
			continue // one block holds the whole core: nothing of it is handed on
		}
		b = whole[:len(whole)/2]
		f, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{})
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if !f.Truncated || f.Thread.Registers.SP == 0 {
			t.Errorf("%s: truncated %v", format, f.Truncated)
		}
	}
}
