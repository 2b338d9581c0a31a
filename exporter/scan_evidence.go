package main

import (
	"fmt"
	"os"
	"regexp"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/logsource"
)

// loadEvidence reads the logs of the time, of which the filters' lines are kept.
func (f *scanFlags) loadEvidence(filters []annotate.Filter) (*logsource.History, error) {
	h := &logsource.History{}
	for _, filter := range filters {
		if filter.Log == nil {
			continue
		}
		re, err := regexp.Compile(filter.Log.Line)
		if err != nil {
			return nil, fmt.Errorf("filter %q: log.line: %w", filter.Name, err)
		}
		h.Wanted = append(h.Wanted, logsource.Wanted{Log: filter.Log.Log, Line: re})
	}
	if len(f.evidence) > 0 && len(h.Wanted) == 0 {
		return nil, fmt.Errorf("scan: no filter in %s asks for a log: --evidence is of no use", f.configFile)
	}
	for _, text := range f.evidence {
		if err := loadLog(h, text); err != nil {
			return nil, err
		}
	}
	h.Sort()
	return h, nil
}

func loadLog(h *logsource.History, text string) error {
	name, path := named(text)
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	lines, undated, err := h.Load(name, file, st.ModTime())
	switch {
	case err != nil:
		return fmt.Errorf("evidence %s: %w", path, err)
	case lines > 0 && undated == lines:
		return fmt.Errorf("evidence %s: none of its %d lines tells its time", path, lines)
	}
	return nil
}
