package crashlab

import (
	"debug/elf"
	"os"
	"testing"
)

func lab(t *testing.T) *Lab {
	t.Helper()
	if err := Available(t.Context()); err != nil {
		t.Skipf("no real crashes here: %v", err)
	}
	l, err := Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDemoCrashes(t *testing.T) {
	l := lab(t)
	for _, m := range Demo() {
		t.Run(m.Name, func(t *testing.T) {
			path, err := l.Crash(t.Context(), m, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			f, err := elf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if f.Type != elf.ET_CORE {
				t.Errorf("%s is of ELF type %v, want a core", path, f.Type)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			check(t, path, m.Want)
			if info.Size() > 2<<20 {
				t.Errorf("the core has %d bytes, want at most 2 MiB", info.Size())
			}
		})
	}
}
