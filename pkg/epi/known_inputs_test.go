package epi_test

import (
	"encoding/json"
	"testing"
)

// answerInputs are the named inputs of a known answer.
type answerInputs map[string]json.RawMessage

// number returns an input that must be there.
func (in answerInputs) number(t *testing.T, name string) float64 {
	t.Helper()
	raw, ok := in[name]
	if !ok {
		t.Fatalf("input %q is missing, given are %v", name, in.names())
	}
	return number(t, raw)
}

// numberOr returns an input, or a default.
func (in answerInputs) numberOr(t *testing.T, name string, otherwise float64) float64 {
	t.Helper()
	if _, ok := in[name]; !ok {
		return otherwise
	}
	return in.number(t, name)
}

func (in answerInputs) integer(t *testing.T, name string) int {
	t.Helper()
	return int(in.number(t, name))
}

// list returns an input that is a list, or one number.
func (in answerInputs) list(t *testing.T, name string) []float64 {
	t.Helper()
	raw, ok := in[name]
	if !ok {
		t.Fatalf("input %q is missing, given are %v", name, in.names())
	}
	return expectedNumbers(t, raw)
}

func (in answerInputs) has(name string) bool {
	_, ok := in[name]
	return ok
}

func (in answerInputs) names() []string {
	var names []string
	for name := range in {
		names = append(names, name)
	}
	return names
}
