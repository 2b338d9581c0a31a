package corefile_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// TestReadAgain: input that can be opened anew gives what a file gives.
func TestReadAgain(t *testing.T) {
	paths, err := filepath.Glob("testdata/cores/*.zst")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cores", err)
	}
	for _, path := range paths {
		raw := unpack(t, path)
		if len(raw) > 16<<20 {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			passes := 0
			open := func() (io.Reader, error) {
				passes++
				return onlyReader{bytes.NewReader(raw)}, nil
			}
			got, gotErr := corefile.ReadAgain(open, int64(len(raw)), corefile.Options{})
			want, wantErr := corefile.Read(bytes.NewReader(raw), int64(len(raw)), corefile.Options{})
			if (gotErr == nil) != (wantErr == nil) {
				t.Fatalf("%v, want %v", gotErr, wantErr)
			}
			if gotErr != nil {
				if a, b := (*corefile.Error)(nil), (*corefile.Error)(nil); !errors.As(gotErr, &a) || !errors.As(wantErr, &b) || a.Reason != b.Reason {
					t.Errorf("%v, want %v", gotErr, wantErr)
				}
				return
			}
			sameFacts(t, want, got)
			for off := uint64(0); off < 4096-256; off += 8 { // the whole stack window
				sp := want.Thread.Registers.SP - 128 + off
				x, inX := want.Memory.Word(sp)
				if y, inY := got.Memory.Word(sp); inX != inY || x != y {
					t.Fatalf("word at sp%+d: %#x %v, want %#x %v", int64(off)-128, y, inY, x, inX)
				}
			}
			if d := cmp.Diff(want.Modules, got.Modules); d != "" {
				t.Errorf("modules: %s", d)
			}
			if got.Size != int64(len(raw)) || got.Compression != "" || passes > 3 {
				t.Errorf("size %d, compression %q, %d passes", got.Size, got.Compression, passes)
			}
		})
	}
}

// TestReadAgainCompressed: a compressed core within an archive is unpacked.
func TestReadAgainCompressed(t *testing.T) {
	raw := unpack(t, "testdata/cores/ret_null.core.zst")
	for format := range compressors {
		packed := compress(t, format, raw)
		f, err := corefile.ReadAgain(func() (io.Reader, error) { return onlyReader{bytes.NewReader(packed)}, nil }, int64(len(packed)), corefile.Options{})
		if err != nil || f.Compression != format || f.Thread.Registers.PC != 0 {
			t.Errorf("%s: %+v, %v", format, f, err)
		}
	}
}

func TestReadAgainFailures(t *testing.T) {
	if _, err := corefile.ReadAgain(func() (io.Reader, error) { return nil, errDisk }, -1, corefile.Options{}); !errors.Is(err, corefile.ErrIO) || !errors.Is(err, errDisk) {
		t.Errorf("cannot be opened: %v", err)
	}
	// An abort is looked at twice: its stack points to memory that has passed.
	raw, passes := unpack(t, "testdata/cores/abort.core.zst"), 0
	f, err := corefile.ReadAgain(func() (io.Reader, error) {
		if passes++; passes > 1 {
			return nil, errDisk
		}
		return bytes.NewReader(raw), nil
	}, int64(len(raw)), corefile.Options{})
	if err != nil || passes != 2 || f.Signal.Number != 6 || f.Incomplete == "" {
		t.Errorf("cannot be opened anew: %v after %d passes", err, passes)
	}
	for cut, want := range map[int]error{20: corefile.ErrMalformed, 30_000: nil} { // within the headers, and behind the notes
		broken := func() (io.Reader, error) {
			return io.MultiReader(bytes.NewReader(raw[:cut]), badData{}), nil
		}
		f, err := corefile.ReadAgain(broken, int64(len(raw)), corefile.Options{})
		if want == nil && (err != nil || !f.Truncated || f.Incomplete == "") || want != nil && !errors.Is(err, want) {
			t.Errorf("damaged at %d: %v", cut, err)
		}
	}
	if _, err := corefile.ReadAgain(func() (io.Reader, error) { return bytes.NewReader(nil), nil }, 0, corefile.Options{}); !errors.Is(err, corefile.ErrEmpty) {
		t.Errorf("empty: %v", err)
	}
}

// badData is what a decoder says of damaged input.
type badData struct{}

func (badData) Read([]byte) (int, error) { return 0, errors.New("flate: corrupt input") }
