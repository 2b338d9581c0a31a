package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesAreDrawn holds the files of the worked example to their program.
func TestFilesAreDrawn(t *testing.T) {
	for name, want := range Files() {
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", "worked-example", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the program draws; go run ./build/workedexample docs/worked-example", name)
		}
	}
	if got := bytes.Count(Files()["failures.csv"], []byte("\n")) - 1; got != 60 {
		t.Errorf("%d failures, want 60", got)
	}
}
