package characteristics

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPicturesAreCurrent compares the published pictures with what pkg/epi
// computes now; "go run ./build/characteristics/cmd -pictures docs/statistics"
// draws them anew.
func TestPicturesAreCurrent(t *testing.T) {
	for name, want := range Pictures() {
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", "statistics", name))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what is computed now (%v)", name, err)
		}
		d := xml.NewDecoder(strings.NewReader(want))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if strings.Contains(want, "NaN") || strings.Contains(want, "Inf") {
			t.Errorf("%s holds numbers that are none", name)
		}
	}
}
