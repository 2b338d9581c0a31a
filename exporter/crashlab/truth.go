package crashlab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
)

// Truth is what truth.json says: by the core's name without its suffixes, what
// its way of crashing implies.
type Truth map[string]Want

// ReadTruth reads a truth.json.
func ReadTruth(name string) (Truth, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("truth: %w", err)
	}
	var t Truth
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, fmt.Errorf("truth: %s: %w", name, err)
	}
	return t, nil
}

// UpdateTruth adds entries to a truth.json, made when absent, and replaces
// those of the same names.
func UpdateTruth(name string, entries Truth) error {
	t, err := ReadTruth(name)
	if errors.Is(err, fs.ErrNotExist) {
		t, err = make(Truth), nil
	}
	if err != nil {
		return err
	}
	maps.Copy(t, entries)
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return fmt.Errorf("truth: %w", err)
	}
	if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("truth: %w", err)
	}
	return nil
}
