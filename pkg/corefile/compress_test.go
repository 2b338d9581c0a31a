package corefile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// TestBomb: a few KiB of zstd that expand to 256 MiB cost what the limit says.
func TestBomb(t *testing.T) {
	c := ports[0].core(t)
	huge := coretest.Segment{Start: 0x10_0000_0000, Size: 256 << 20, Dumped: 256 << 20}
	c.Segments = append(c.Segments[:2:2], huge, c.Segments[2])
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	img := coretest.Must(c)
	if _, err := io.Copy(w, io.NewSectionReader(img, 0, img.Size())); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 64<<10 {
		t.Fatalf("the bomb has %d bytes", b.Len())
	}
	opt := corefile.Options{MaxDecompressed: 8 << 20}
	var f *corefile.Facts
	used := allocated(func() { f, err = corefile.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), opt) })
	if err != nil {
		t.Fatal(err)
	}
	if f.BytesRead > 1<<20 || f.Incomplete == "" || used > 20<<20 {
		t.Errorf("%d bytes decompressed, %d allocated, incomplete %q", f.BytesRead, used, f.Incomplete)
	}
}

func TestMaxTime(t *testing.T) {
	b := compress(t, "zstd", unpack(t, "testdata/cores/ret_null.core.zst"))
	_, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{MaxTime: 1})
	wantReason(t, err, corefile.ReasonLimit, corefile.ErrLimit)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not say that time was up", err)
	}
}

// xzFile writes an xz stream header and one block header that claims a
// dictionary, with nothing behind it.
func xzFile(dictionary byte, filters byte, data []byte) []byte {
	b := []byte("\xfd7zXZ\x00\x00\x00")
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[6:8]))
	block := []byte{2, filters, 0x21, 1, dictionary, 0, 0, 0}
	block = binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(block))
	return append(append(b, block...), data...)
}

func TestHostileCompression(t *testing.T) {
	small := coretest.Must(ports[0].core(t)).Bytes()
	emptyMembers := bytes.Repeat(compress(t, "gzip", nil), 4000)
	skippable := bytes.Repeat([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, 20000)
	var window bytes.Buffer
	w, err := zstd.NewWriter(&window, zstd.WithWindowSize(16<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(append(small, make([]byte, 20<<20)...)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		in     []byte
		reason corefile.Reason
	}{
		{"zstd window of 16 MiB, 1 allowed", window.Bytes(), corefile.ReasonLimit},
		{"xz dictionary of 4 GiB", xzFile(40, 0, nil), corefile.ReasonLimit},
		{"xz with two filters", xzFile(10, 1, nil), corefile.ReasonUnsupported},
		{"xz with an impossible dictionary", xzFile(41, 0, nil), corefile.ReasonUnsupported},
		{"xz without a block", xzFile(10, 0, nil), corefile.ReasonTruncated},
		{"xz with an empty block", xzFile(10, 0, []byte{0, 0, 0, 0}), corefile.ReasonTruncated},
		{"xz header only", []byte("\xfd7zXZ\x00\x00\x04"), corefile.ReasonTruncated},
		{"gzip header only", []byte("\x1f\x8b\x08\x00"), corefile.ReasonTruncated},
		{"gzip of another kind", []byte("\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00\x00"), corefile.ReasonMalformed},
		{"empty gzip members", emptyMembers, corefile.ReasonLimit},
		{"skippable zstd frames", skippable, corefile.ReasonLimit},
		{"zstd of nothing", []byte("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51"), corefile.ReasonEmpty},
		{"zstd of text", compress(t, "zstd", bytes.Repeat([]byte("text"), 100)), corefile.ReasonNotELF},
		{"zstd of zstd", compress(t, "zstd", compress(t, "zstd", small)), corefile.ReasonNotELF},
		{"lz4 with a bad header", []byte("\x04\x22\x4d\x18" + strings.Repeat("\xff", 40)), corefile.ReasonMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opt := corefile.Options{MaxWindow: 1 << 20, MaxDecompressed: 64 << 10}
			_, err := corefile.Read(bytes.NewReader(tt.in), int64(len(tt.in)), opt)
			var e *corefile.Error
			if !errors.As(err, &e) || e.Reason != tt.reason {
				t.Errorf("%v, want reason %s", err, tt.reason)
			}
		})
	}
}

// TestManySmallXZBlocks: each block costs a dictionary, so they must not be
// much smaller than it.
func TestManySmallXZBlocks(t *testing.T) {
	one := xzFile(28, 0, []byte{1, 0, 0, 'x', 0}) // 64 MiB dictionary, one literal byte
	b := bytes.Clone(one)
	for range 1000 {
		b = append(b, 0, 0, 0) // padding to four bytes
		b = append(b, one[12:]...)
	}
	used := allocated(func() {
		_, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{})
		wantReason(t, err, corefile.ReasonMalformed, corefile.ErrMalformed)
	})
	if used > 256<<20 {
		t.Errorf("%d bytes allocated", used)
	}
}

// TestDiskErrorBelowDecoder: a failing disk is not bad data.
func TestDiskErrorBelowDecoder(t *testing.T) {
	raw := unpack(t, "testdata/cores/ret_null.core.zst")
	b := compress(t, "gzip", raw)
	_, err := corefile.Read(failingDisk{bytes.NewReader(b), 100}, int64(len(b)), corefile.Options{})
	wantReason(t, err, corefile.ReasonIO, corefile.ErrIO)
	_, err = corefile.ReadStream(io.MultiReader(bytes.NewReader(b[:300]), failingReader{}), corefile.Options{})
	wantReason(t, err, corefile.ReasonIO, corefile.ErrIO)
	if !errors.Is(err, errDisk) {
		t.Errorf("%v does not wrap the disk's error", err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errDisk }

// TestDecodersAreReused: scanning many compressed cores does not allocate a
// window each.
func TestDecodersAreReused(t *testing.T) {
	raw := unpack(t, "testdata/cores/ret_null.core.zst")
	for _, format := range []string{"zstd", "lz4", "gzip"} {
		b := compress(t, format, raw)
		read := func() {
			if _, err := corefile.Read(bytes.NewReader(b), int64(len(b)), corefile.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		least := uint64(1 << 40) // pools drop some of what they are given, by design
		for range 20 {
			least = min(least, allocated(read))
		}
		if least > 512<<10 {
			t.Errorf("%s: at least %d bytes allocated a core", format, least)
		}
	}
}

// TestSeveralMembers: a gzip file may be several members, as parallel
// compressors write them.
func TestSeveralMembers(t *testing.T) {
	raw := coretest.Must(ports[0].core(t)).Bytes()
	var b bytes.Buffer
	for part := range bytes.SplitSeq(raw, []byte("CORE")) {
		z := gzip.NewWriter(&b)
		if b.Len() > 0 {
			part = append([]byte("CORE"), part...)
		}
		if _, err := z.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f, err := corefile.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), corefile.Options{})
	if err != nil || f.Thread.Registers.PC != 0x401234 || f.Truncated {
		t.Errorf("%v %+v", err, f)
	}
}
