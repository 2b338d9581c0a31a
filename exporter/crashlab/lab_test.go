package crashlab

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// shared is a lab that all tests use, built once; it is built in labDir.
var (
	labDir string
	shared = sync.OnceValues(func() (*Lab, error) { return Build(context.Background(), labDir) })
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "crashlab-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		labDir = dir
		return m.Run()
	}())
}

func lab(t *testing.T) *Lab {
	t.Helper()
	if err := Available(t.Context()); err != nil {
		t.Skipf("no real crashes here: %v", err)
	}
	l, err := shared()
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

func TestSizes(t *testing.T) {
	l := lab(t)
	for _, m := range []Mode{Threads(20), Memory(1 << 20), Mappings(300)} {
		t.Run(m.Name, func(t *testing.T) {
			path, err := l.Crash(t.Context(), m, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			check(t, path, m.Want)
		})
	}
}

func TestCrashSaysWhatWentWrong(t *testing.T) {
	l := lab(t)
	survivor := Mode{Name: "survivor", Program: "abort.c", Args: []string{"not a way to end"}}
	if _, err := l.Crash(t.Context(), survivor, t.TempDir()); !errors.Is(err, ErrNoCrash) || !strings.Contains(err.Error(), "no such crash: not a way to end") {
		t.Errorf("a program that survives gives %v, want ErrNoCrash with the program's words", err)
	}
	broken := Mode{Name: "broken", Program: "abort.c", Flags: []string{"-no-such-flag"}}
	if _, err := l.Crash(t.Context(), broken, t.TempDir()); err == nil || !strings.Contains(err.Error(), "-no-such-flag") {
		t.Errorf("a program that does not compile gives %v, want the compiler's words", err)
	}
	limited := Demo()[0]
	limited.Take.Limit = 512
	if _, err := l.Crash(t.Context(), limited, t.TempDir()); !errors.Is(err, ErrNoCrash) {
		t.Errorf("a core limit of 512 bytes gives %v, want ErrNoCrash", err)
	}
}
