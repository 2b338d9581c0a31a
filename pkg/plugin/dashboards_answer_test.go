package plugin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// TestStockDashboardsAnswer asks a real archive every query of every stock
// dashboard, with variables as a viewer would choose them.
func TestStockDashboardsAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the archive")
	}
	url := startArchive(t)
	fill(t, url, outbreak(week.From), watched(week.From))
	ds := instance(t, url, nil)
	files, err := filepath.Glob("../../src/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stock dashboards: %v", err)
	}
	chosen := strings.NewReplacer(`"$cluster"`, `"misaligned_stack/misaligned_stack in leafd"`, `"$host"`, `"leaf-07"`, `"$executable"`, `"leafd"`)
	asked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d stockDashboard
		if err := json.Unmarshal([]byte(chosen.Replace(string(text))), &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range flatten(d.Panels) {
			if p.Datasource.Type != ID {
				continue
			}
			for _, target := range p.Targets {
				asked++
				resp := ds.answer(t.Context(), backend.DataQuery{RefID: "A", JSON: target, TimeRange: week})
				if resp.Error != nil {
					t.Errorf("%s, panel %q: %v", filepath.Base(file), p.Title, resp.Error)
				} else if err := breach(resp.Frames); err != nil {
					t.Errorf("%s, panel %q: %v", filepath.Base(file), p.Title, err)
				}
			}
		}
	}
	if asked < 20 {
		t.Errorf("only %d queries were asked", asked)
	}
}
