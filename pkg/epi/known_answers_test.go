package epi_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// knownAnswers is a file of cases computed elsewhere (R, SciPy).
type knownAnswers struct {
	Cases []knownAnswer `json:"cases"`
}

type knownAnswer struct {
	Name      string          `json:"name"`
	Function  string          `json:"function"`
	Inputs    answerInputs    `json:"inputs"`
	Expected  json.RawMessage `json:"expected"`
	Tolerance float64         `json:"tolerance"`
	Source    string          `json:"source"`
}

// TestKnownAnswers holds every function to answers of R and SciPy, each within
// its own relative tolerance. EPI_KNOWN_ANSWERS names another file of cases.
func TestKnownAnswers(t *testing.T) {
	path := "testdata/known-answers.json"
	if other := os.Getenv("EPI_KNOWN_ANSWERS"); other != "" {
		path = other
	}
	cases := readKnownAnswers(t, path)
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d_%s", i, c.Name), func(t *testing.T) {
			answer, known := answerFunctions[c.Function]
			if !known {
				t.Fatalf("function %q is not known to this package", c.Function)
			}
			got := answer(t, c.Inputs)
			want := expectedNumbers(t, c.Expected)
			if len(got) != len(want) {
				t.Fatalf("%s: got %d numbers %v, want %d %v", c.Function, len(got), got, len(want), want)
			}
			for k := range want {
				if !within(got[k], want[k], c.Tolerance) {
					t.Errorf("%s[%d] = %.17g, want %.17g within %g (%s)", c.Function, k, got[k], want[k], c.Tolerance, c.Source)
				}
			}
		})
	}
}

func readKnownAnswers(t *testing.T, path string) []knownAnswer {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read known answers: %v", err)
	}
	var file knownAnswers
	if err := json.Unmarshal(raw, &file); err != nil {
		// a bare list of cases is a known-answer file too
		if errList := json.Unmarshal(raw, &file.Cases); errList != nil {
			t.Fatalf("parse %s: %v", path, err)
		}
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s holds no cases", path)
	}
	return file.Cases
}

// within compares relatively: |got−want| ≤ tolerance·max(1e-300, |want|); a
// tolerance of 0 means exact.
func within(got, want, tolerance float64) bool {
	if math.IsInf(want, 0) || math.IsNaN(want) {
		return got == want || math.IsNaN(got) && math.IsNaN(want)
	}
	return math.Abs(got-want) <= tolerance*math.Max(1e-300, math.Abs(want))
}

// expectedNumbers reads a number, a text "Inf", a truth value, or a list.
func expectedNumbers(t *testing.T, raw json.RawMessage) []float64 {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		list = []json.RawMessage{raw}
	}
	numbers := make([]float64, len(list))
	for i, item := range list {
		numbers[i] = number(t, item)
	}
	return numbers
}

func number(t *testing.T, raw json.RawMessage) float64 {
	t.Helper()
	var truth bool
	if json.Unmarshal(raw, &truth) == nil && string(raw) != "null" {
		if truth {
			return 1
		}
		return 0
	}
	var text string
	if json.Unmarshal(raw, &text) == nil && text == "NaN" {
		return math.NaN()
	}
	var r epi.Real
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("number %s: %v", raw, err)
	}
	return float64(r)
}
