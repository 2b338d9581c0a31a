package binaries

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/epicurve/epicurve/pkg/classify"
)

var _ classify.Binaries = (*Store)(nil)

const program = `
__attribute__((noinline)) int leaf(int n) { return n * 7 + 3; }
int main(int argc, char **argv) { return leaf(argc); }
`

// compile builds a small program with a build id and returns its path, its
// build id and the file offset of leaf.
func compile(t *testing.T, flags ...string) (path, id string, leaf uint64) {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed")
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "leaf.c")
	if err := os.WriteFile(src, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "leafd")
	args := append([]string{"-O1", "-Wl,--build-id", "-o", path, src}, flags...)
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Skipf("gcc %v: %v\n%s", args, err, out)
	}
	e, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	id = buildIDOf(e)
	if len(id) != 40 {
		t.Fatalf("build id %q, want 40 digits", id)
	}
	symbols, err := e.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name == "leaf" {
			for _, p := range e.Progs {
				if p.Type == elf.PT_LOAD && s.Value >= p.Vaddr && s.Value-p.Vaddr < p.Filesz {
					return path, id, s.Value - p.Vaddr + p.Off
				}
			}
		}
	}
	t.Fatal("no symbol leaf")
	return "", "", 0
}

func TestTextAndSymbol(t *testing.T) {
	for _, flags := range [][]string{nil, {"-no-pie"}, {"-static"}} {
		path, id, leaf := compile(t, flags...)
		s := New(Config{})
		t.Cleanup(func() { _ = s.Close() })
		name, delta, ok := s.Symbol(path, id, leaf+2)
		if !ok || name != "leaf" || delta != 2 {
			t.Errorf("%v: symbol %q+%d, %v; want leaf+2", flags, name, delta, ok)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, ok := s.Text(path, id, leaf, 8)
		if !ok || !bytes.Equal(text, file[leaf:leaf+8]) {
			t.Errorf("%v: text % x, %v; want % x", flags, text, ok, file[leaf:leaf+8])
		}
		if _, ok := s.Text(path, id, uint64(len(file))-4, 8); ok {
			t.Errorf("%v: text beyond the end of the file", flags)
		}
		if _, _, ok := s.Symbol(path, id, 0); ok {
			t.Errorf("%v: a symbol for the ELF header", flags)
		}
	}
}

// TestOtherBuild: a file of another build id is as good as none.
func TestOtherBuild(t *testing.T) {
	path, id, leaf := compile(t)
	s := New(Config{})
	t.Cleanup(func() { _ = s.Close() })
	for _, other := range []string{"", id[:8], "00" + id[2:]} {
		if _, ok := s.Text(path, other, leaf, 8); ok {
			t.Errorf("text for build id %q of a file with %q", other, id)
		}
	}
	if _, ok := s.Text(path+" (deleted)", id, leaf, 8); !ok {
		t.Error("no text for the path of a deleted file whose build id is there again")
	}
}

// TestRoot: paths are looked up below the root.
func TestRoot(t *testing.T) {
	path, id, leaf := compile(t)
	s := New(Config{Root: filepath.Dir(path)})
	t.Cleanup(func() { _ = s.Close() })
	if _, ok := s.Text("/leafd", id, leaf, 8); !ok {
		t.Error("no text below the root")
	}
	if _, ok := s.Text("/../../leafd", id, leaf, 8); !ok {
		t.Error("dots lead out of the root")
	}
}

// TestStripped: without .symtab the exported names are left, and a debug file
// of the same build id is better.
func TestStripped(t *testing.T) {
	objcopy, err := exec.LookPath("objcopy")
	if err != nil {
		t.Skip("objcopy is not installed")
	}
	path, id, leaf := compile(t)
	root := t.TempDir()
	debug := filepath.Join(root, "usr/lib/debug/.build-id", id[:2])
	if err := os.MkdirAll(debug, 0o755); err != nil {
		t.Fatal(err)
	}
	stripped := filepath.Join(root, "leafd")
	for _, args := range [][]string{{"--strip-all", path, stripped}, {"--only-keep-debug", path, filepath.Join(debug, id[2:]+".debug")}} {
		if out, err := exec.Command(objcopy, args...).CombinedOutput(); err != nil {
			t.Fatalf("objcopy %v: %v\n%s", args, err, out)
		}
	}
	s := New(Config{Root: root})
	t.Cleanup(func() { _ = s.Close() })
	if name, _, ok := s.Symbol("/leafd", id, leaf); !ok || name != "leaf" {
		t.Errorf("symbol %q, %v; want leaf from the debug file", name, ok)
	}
	if err := os.RemoveAll(filepath.Join(root, "usr")); err != nil {
		t.Fatal(err)
	}
	bare := New(Config{Root: root})
	t.Cleanup(func() { _ = bare.Close() })
	if name, _, ok := bare.Symbol("/leafd", id, leaf); ok {
		t.Errorf("symbol %q of a stripped file without its debug file", name)
	}
}

// TestHostilePaths: a path is the core's word, and may name anything.
func TestHostilePaths(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, append([]byte("\x7fELF\x02\x01\x01"), bytes.Repeat([]byte{0xff}, 4096)...), 0o600); err != nil {
		t.Fatal(err)
	}
	s := New(Config{})
	t.Cleanup(func() { _ = s.Close() })
	for _, path := range []string{"", "relative", fifo, broken, dir, "/dev/zero", "/proc/self/mem", "/nowhere", "/a\x00b"} {
		if _, ok := s.Text(path, "abcd", 0, 8); ok {
			t.Errorf("text from %q", path)
		}
		if _, _, ok := s.Symbol(path, "abcd", 0); ok {
			t.Errorf("symbol from %q", path)
		}
	}
}

// TestBounded: however many files a core names, few stay open, and those that are
// not here push out none that is.
func TestBounded(t *testing.T) {
	path, id, leaf := compile(t)
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{})
	t.Cleanup(func() { _ = s.Close() })
	dir := t.TempDir()
	for i := range 3 * maxOpen {
		again := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(again, image, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Text(again, id, leaf, 8); !ok {
			t.Fatalf("no text of copy %d", i)
		}
	}
	if len(s.files) != maxOpen {
		t.Errorf("%d files are open, want %d", len(s.files), maxOpen)
	}
	open := s.byUse()
	for i := range 2 * maxAbsent {
		s.Text(filepath.Join("/nowhere", strconv.Itoa(i)), id, leaf, 8)
	}
	if len(s.absent) > maxAbsent || !slices.Equal(s.byUse(), open) {
		t.Errorf("%d absent files are remembered, and open are %d files, not the same as before", len(s.absent), len(s.files))
	}
	if _, ok := s.Text(path, id, leaf, 8); !ok {
		t.Error("no text after others were forgotten")
	}
}

// TestGoProgram: the test program itself is a Go program, whose names are found
// with and without its symbol table.
func TestGoProgram(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.Open(exe)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	names, ok := readGoSymbols(e)
	if !ok {
		t.Fatal("no line table in a Go program")
	}
	file, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	checked := 0
	for i := 0; i < len(names.entries); i += 97 {
		addr := names.entries[i].addr + 1
		name, delta, ok := names.at(addr)
		if !ok || name == "" || delta != 1 {
			t.Fatalf("address %#x: %q+%d, %v", addr, name, delta, ok)
		}
		checked++
	}
	if _, _, ok := names.at(1); ok || checked < 10 {
		t.Errorf("%d functions checked, and address 1 has a name: %v", checked, ok)
	}
	if !slices.ContainsFunc(names.entries, func(x entry) bool { return names.name(x.name) == "runtime.main" }) {
		t.Error("runtime.main is not among the functions")
	}
}
