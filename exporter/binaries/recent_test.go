package binaries

import (
	"bytes"
	"os"
	"testing"
)

// TestTextAgreesWithTheFile asks for text at many places, so that blocks are
// used again, crossed, and forgotten.
func TestTextAgreesWithTheFile(t *testing.T) {
	path, id, _ := compile(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{})
	defer s.Close()
	for round := range 2 {
		for at := 0; at < len(content)+2*blockSize; at += 37 + round {
			for _, n := range []int{1, 9, 15, blockSize, blockSize + 1} {
				got, ok := s.Text(path, id, uint64(at), n)
				if want := at+n <= len(content); ok != want {
					t.Fatalf("%d bytes at %d of %d: %v, want %v", n, at, len(content), ok, want)
				} else if ok && !bytes.Equal(got, content[at:at+n]) {
					t.Fatalf("%d bytes at %d differ from the file's", n, at)
				}
			}
		}
	}
	if b := s.files[key{path, id}]; len(b.recent.blocks) == 0 || len(b.recent.blocks) > maxRecentBlocks {
		t.Errorf("%d blocks are kept", len(b.recent.blocks))
	}
}

func TestRememberIsBounded(t *testing.T) {
	var m map[int]int
	for i := range 100 {
		m = remember(m, 7, i, -i)
		if len(m) > 7 || m[i] != -i {
			t.Fatalf("after %d: %v", i, m)
		}
	}
}
