package plugin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/crash"
)

// stockPanel is what these tests need of a panel.
type stockPanel struct {
	Title      string
	Datasource struct{ Type string }
	Targets    []json.RawMessage
	Panels     []stockPanel
}

type stockDashboard struct {
	Title       string
	Panels      []stockPanel
	Annotations struct {
		List []struct {
			Name       string
			Datasource struct{ Type string }
			Target     json.RawMessage
		}
	}
	Templating struct {
		List []struct {
			Name, Type string
			Datasource struct{ Type string }
			Query      json.RawMessage
		}
	}
}

// TestStockDashboards checks that every query of every panel is one that the
// query model accepts, with the variables as a viewer would choose them, and
// that variables list dimensions that exist.
func TestStockDashboards(t *testing.T) {
	files, err := filepath.Glob("../../src/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stock dashboards: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var d stockDashboard
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
			for _, p := range flatten(d.Panels) {
				checkPanel(t, p)
			}
			checkVariables(t, d)
			for _, a := range d.Annotations.List {
				checkPanel(t, stockPanel{Title: a.Name, Datasource: a.Datasource, Targets: []json.RawMessage{a.Target}})
			}
		})
	}
}

func checkPanel(t *testing.T, p stockPanel) {
	t.Helper()
	if p.Datasource.Type != ID {
		return
	}
	for i, target := range p.Targets {
		text := strings.NewReplacer(`"$cluster"`, `"other/null_deref in leafd"`).Replace(string(target))
		q, err := parseTarget(backend.DataQuery{RefID: "A", JSON: []byte(text), TimeRange: week})
		if err != nil {
			t.Errorf("panel %q, query %d: %v", p.Title, i, err)
			continue
		}
		if _, ok := askers()[q.Type]; !ok {
			t.Errorf("panel %q, query %d: nothing answers type %s", p.Title, i, q.Type)
		}
	}
}

func checkVariables(t *testing.T, d stockDashboard) {
	t.Helper()
	for _, v := range d.Templating.List {
		if v.Type != "query" || v.Datasource.Type != ID {
			continue
		}
		var q struct{ Dimension string }
		if err := json.Unmarshal(v.Query, &q); err != nil {
			t.Errorf("variable %s: %v", v.Name, err)
		}
		if _, ok := crash.DimensionByName(q.Dimension); !ok && q.Dimension != "cluster" {
			t.Errorf("variable %s lists %q, which is no dimension", v.Name, q.Dimension)
		}
	}
}

func flatten(panels []stockPanel) []stockPanel {
	var all []stockPanel
	for _, p := range panels {
		all = append(all, p)
		all = slices.Concat(all, flatten(p.Panels))
	}
	return all
}
