package plugin

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestClickedFilters takes the filters that clicks on our own tables and legends
// make, as Grafana makes them.
func TestClickedFilters(t *testing.T) {
	for name, tt := range map[string]struct{ filters, want string }{
		"dimension":        {`[{"dimension":"host.name","op":"=","values":["a"]}]`, `[{host.name = [a]}]`},
		"label":            {`[{"dimension":"host_name","op":"!=","values":["a"]}]`, `[{host.name != [a]}]`},
		"long label":       {`[{"dimension":"process_executable_build_id_gnu","op":"=","values":["a"]}]`, `[{process.executable.build_id.gnu = [a]}]`},
		"column":           {`[{"dimension":"kind","op":"=~","values":["a.*"]}]`, `[{crash.kind =~ [a.*]}]`},
		"cluster":          {`[{"dimension":"cluster","op":"=","values":["other/a/b"]}]`, `[{crash.class = [other]} {crash.signature = [a/b]}]`},
		"class":            {`[{"dimension":"cluster","op":"=","values":["other"]}]`, `[{crash.class = [other]}]`},
		"not that cluster": {`[{"dimension":"cluster","op":"!=","values":["other/x"]}]`, `[{crash.signature != [x]}]`},
		"two clusters":     {`[{"dimension":"cluster","op":"=","values":["other/x","return_to_null/y"]}]`, `[{crash.signature = [x y]}]`},
		"regex of cluster": {`[{"dimension":"cluster","op":"=~","values":["other/.*"]}]`, "filters: a filter by cluster takes = or != and keys of clusters, class/signature; filter by crash.signature for more"},
		"unknown":          {`[{"dimension":"nonsense","op":"=","values":["x"]}]`, `filters[0].dimension: "nonsense" is not a dimension`},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := parseTarget(panelQuery(t, fmt.Sprintf(`{"query":{"filters":%s}}`, tt.filters)))
			got := fmt.Sprint(q.Filters)
			if err != nil {
				got = err.Error()
			}
			if len(got) < len(tt.want) || got[:len(tt.want)] != tt.want {
				t.Errorf("filters = %s, want %s", got, tt.want)
			}
		})
	}
}

// TestFilterableColumnsFilter holds every column that offers a filter to its
// word: the archive understands it.
func TestFilterableColumnsFilter(t *testing.T) {
	url := startArchiveAt(t, goldenDay)
	fill(t, url, outbreak(week.From), nil)
	ds := instance(t, url, nil)
	offered := 0
	for _, model := range []string{`{"query":{"type":"records"}}`, `{"live":true,"query":{"type":"records"}}`, `{"query":{"type":"clusters"}}`} {
		resp := ask(t, ds, model)
		if resp.Error != nil {
			t.Fatal(resp.Error)
		}
		for _, field := range resp.Frames[0].Fields {
			if field.Config == nil || field.Config.Filterable == nil || !*field.Config.Filterable {
				continue
			}
			offered++
			value, err := json.Marshal(fmt.Sprint(field.At(0)))
			if err != nil {
				t.Fatal(err)
			}
			back := ask(t, ds, fmt.Sprintf(`{"query":{"type":"records","filters":[{"dimension":%q,"op":"=","values":[%s]}]}}`, field.Name, value))
			if back.Error != nil {
				t.Errorf("%s: %v", field.Name, back.Error)
			} else if back.Frames[0].Rows() == 0 {
				t.Errorf("%s = %s finds nothing, though a row shows it", field.Name, value)
			}
		}
	}
	if offered < 20 {
		t.Errorf("%d columns offer a filter", offered)
	}
}
