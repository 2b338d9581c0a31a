package pipeline

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// The container of a process is found while its core grows, and kept when the
// process is gone.
func TestContainerOfGrowingCore(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	proc := t.TempDir()
	process := filepath.Join(proc, "7")
	if err := errors.Join(os.Mkdir(process, 0o700),
		os.WriteFile(filepath.Join(process, "status"), []byte("Name:\tdemo\nState:\tD\nNSpid:\t7\nCoreDumping:\t1\n"), 0o600),
		os.WriteFile(filepath.Join(process, "cgroup"), []byte("0::/docker/"+id+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	l.reader.Origins = annotate.NewOrigins(annotate.Roots{Proc: proc, Var: t.TempDir(), Run: t.TempDir()}, l.reader.Names)
	f := drop(t, core(7))
	f.Quiet, f.Still = false, 0
	w, err := os.OpenFile(f.Path, os.O_WRONLY, 0) // the kernel, still writing
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := l.Handle(t.Context(), f); v != watch.Again || len(l.Growing()) != 1 {
		t.Fatalf("verdict %v, %d cores grow", v, len(l.Growing()))
	}
	if err := errors.Join(os.RemoveAll(process), w.Close()); err != nil {
		t.Fatal(err)
	}
	if v, _ := l.Handle(t.Context(), f); v != watch.Done || len(l.Growing()) != 0 {
		t.Fatalf("verdict %v, %d cores grow", v, len(l.Growing()))
	}
	batch, err := s.Batch(1, 1<<20)
	if err != nil || len(batch) != 1 || batch[0].Record.Container.ID != id {
		t.Errorf("%+v, %v: want container %s", batch, err, id)
	}
}

// A core that needs a large decoder window is read all the same.
func TestLargeWindow(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	l.reader.Options.MaxWindow = 1 << 20
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(32<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(core(7)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Flush(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if v, _ := l.Handle(t.Context(), drop(t, b.Bytes())); v != watch.Done || l.seen.read != 1 || l.counted() != 1 {
		t.Errorf("verdict %v, read %d, counted %d, failures %v", v, l.seen.read, l.counted(), l.seen.failed)
	}
}

// A file that cannot be read now is not given up.
func TestTriesAgainAfterIOErrors(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	f := drop(t, core(7))
	f.Path += strings.Repeat("/x", 3000) // ENAMETOOLONG stands for whatever the disk says
	if v, _ := l.Handle(t.Context(), f); v != watch.Later || l.seen.failed["io"] != 1 {
		t.Errorf("verdict %v, failures %v", v, l.seen.failed)
	}
}

func TestBound(t *testing.T) {
	r := crash.Record{
		Finding: crash.Finding{Signature: strings.Repeat("ä", 400), Reasons: make([]string, 100)},
		Process: crash.Process{Executable: "a\x1b[31m\nb\xff"},
	}
	bound(&r)
	if r.Process.Executable != "a\uFFFD[31m\uFFFDb\uFFFD" {
		t.Errorf("executable %q", r.Process.Executable)
	}
	if s := r.Finding.Signature; len(s) > 512 || !utf8.ValidString(s) || len(s) < 500 {
		t.Errorf("signature of %d bytes", len(s))
	}
	if len(r.Finding.Reasons) != 32 {
		t.Errorf("%d reasons", len(r.Finding.Reasons))
	}
}

func TestSeenForgetsTheOldest(t *testing.T) {
	s := newSeen()
	id := func(i int) crash.ID { return crash.ID{byte(i), byte(i >> 8), byte(i >> 16), 1} }
	for i := range maxSeen + 10 {
		s.add(id(i))
		s.add(id(i))
	}
	if s.has(id(9)) || !s.has(id(10)) || !s.has(id(maxSeen+9)) || len(s.ids) != maxSeen {
		t.Errorf("%d ids; 9 %t, 10 %t", len(s.ids), s.has(id(9)), s.has(id(10)))
	}
	again := newSeen()
	if err := again.load(s.bytes()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.bytes(), s.bytes()) {
		t.Error("ids changed by saving and loading")
	}
	if err := again.load(make([]byte, 17)); err == nil {
		t.Error("17 bytes are no ids")
	}
}
