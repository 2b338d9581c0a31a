package crashlab

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestStored(t *testing.T) {
	cores, err := Stored(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(cores) != len(Demo()) {
		t.Fatalf("%d stored cores, want one of each of the %d modes of the demo", len(cores), len(Demo()))
	}
	for _, c := range cores {
		t.Run(c.Mode.Name, func(t *testing.T) {
			in, err := os.Open(c.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			dec, err := zstd.NewReader(in)
			if err != nil {
				t.Fatal(err)
			}
			defer dec.Close()
			content, err := io.ReadAll(dec)
			if err != nil {
				t.Fatal(err)
			}
			f, err := elf.NewFile(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if f.Type != elf.ET_CORE {
				t.Errorf("ELF type %v, want a core", f.Type)
			}
		})
	}
}
