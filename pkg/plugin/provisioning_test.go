package plugin

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestProvisioning checks that what provisioning/ and docker-compose.yaml bring
// up is this plugin, under the names that the stock dashboards and the demo use.
func TestProvisioning(t *testing.T) {
	var sources struct {
		Datasources []struct{ Name, UID, Type, URL string }
	}
	readYAML(t, "../../provisioning/datasources/epicurve.yaml", &sources)
	if len(sources.Datasources) != 1 {
		t.Fatalf("%d data sources, want one", len(sources.Datasources))
	}
	if s := sources.Datasources[0]; s.UID != "epicurve" || s.Type != ID || s.URL != "${EPICURVE_ARCHIVE_URL}" {
		t.Errorf("data source = %+v", s)
	}
	var providers struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	readYAML(t, "../../provisioning/dashboards/epicurve.yaml", &providers)
	if len(providers.Providers) != 1 || providers.Providers[0].Type != "file" || providers.Providers[0].Options.Path != "${EPICURVE_DASHBOARDS}" {
		t.Errorf("dashboard providers = %+v", providers)
	}
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
			Command     []string
			Volumes     []string
		}
	}
	readYAML(t, "../../docker-compose.yaml", &compose)
	for _, name := range []string{"exporter", "archive", "fleet", "prometheus", "alertmanager", "grafana"} {
		if _, ok := compose.Services[name]; !ok {
			t.Errorf("docker-compose.yaml starts no %s", name)
		}
	}
	for _, folder := range []string{"datasources", "dashboards", "alerting"} {
		if !slices.ContainsFunc(compose.Services["grafana"].Volumes, func(v string) bool { return strings.HasPrefix(v, "./provisioning/"+folder+":") }) {
			t.Errorf("docker-compose.yaml does not give provisioning/%s to Grafana", folder)
		}
	}
	if c := compose.Services["fleet"].Command; len(c) == 0 || c[0] != "seed" {
		t.Errorf("docker-compose.yaml does not seed the archive: %q", c)
	}
	env := compose.Services["grafana"].Environment
	for _, name := range []string{"EPICURVE_ARCHIVE_URL", "EPICURVE_PROMETHEUS_URL", "EPICURVE_ALERTMANAGER_URL", "EPICURVE_DASHBOARDS"} {
		if env[name] == "" {
			t.Errorf("docker-compose.yaml does not set %s, which provisioning/ uses", name)
		}
	}
	if !strings.Contains(env["GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS"], ID) {
		t.Errorf("Grafana in docker-compose.yaml refuses the plugin: %q", env)
	}
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
