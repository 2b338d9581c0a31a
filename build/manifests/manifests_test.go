package manifests

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/exporter/config"
)

const root = "../.."

// What stands in provisioning/kubernetes is what the chart makes today.
func TestGeneratedIsCurrent(t *testing.T) {
	files, err := Render(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, "provisioning", "kubernetes", name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("provisioning/kubernetes/%s is not what the chart makes; run: go tool mage manifests", name)
		}
	}
}

// Every combination of options is accepted by a strict decoder.
func TestChartDecodes(t *testing.T) {
	if err := Lint(t.Context(), root); err != nil {
		t.Error(err)
	}
	tests := []struct {
		name string
		args []string
		want []string
		not  string
	}{
		{name: "default", want: []string{"DaemonSet.apps epicurve-exporter", "StatefulSet.apps epicurve-archive", "NetworkPolicy.networking.k8s.io epicurve-archive"}, not: "PodMonitor"},
		{
			name: "everything",
			args: []string{
				"--set", "podMonitor.enabled=true,archive.tokensSecret=tokens,exporter.tokenSecret=token,image.registry=registry.example/sre/",
				"--set", "exporter.podAnnotations.a=b,archive.podAnnotations.a=b,archive.persistence.storageClass=fast,exporter.priorityClassName=system-node-critical",
				"--set", "image.pullSecrets[0].name=pull,archive.args={--retention.records=2y},networkPolicy.exporterEgress[0].ports[0].port=80",
			},
			want: []string{"PodMonitor.monitoring.coreos.com epicurve-exporter", "PodMonitor.monitoring.coreos.com epicurve-archive"},
		},
		{name: "archive only", args: []string{"--set", "exporter.enabled=false"}, want: []string{"StatefulSet.apps epicurve-archive"}, not: "exporter"},
		{name: "exporter only", args: []string{"--set", "archive.enabled=false,exporter.config.archive.url=https://archive.example"}, want: []string{"DaemonSet.apps epicurve-exporter"}, not: "archive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rendered, err := Template(t.Context(), root, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := Decode(t.Context(), root, rendered)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if !strings.Contains(objects, want) {
					t.Errorf("no %s among:\n%s", want, objects)
				}
			}
			if tt.not != "" && strings.Contains(objects, tt.not) {
				t.Errorf("there is a %s among:\n%s", tt.not, objects)
			}
		})
	}
}

// A misspelt field is refused: the check above would see it.
func TestDecodeIsStrict(t *testing.T) {
	bad := "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {portz: []}\n"
	if _, err := Decode(t.Context(), root, []byte(bad)); err == nil || !strings.Contains(err.Error(), `"spec.portz"`) {
		t.Errorf("error %v, want one on spec.portz", err)
	}
}

// The folders for kubectl apply -k build.
func TestKustomizations(t *testing.T) {
	for folder, want := range map[string]string{
		"base":                "Namespace epicurve",
		"prometheus-operator": "PrometheusRule.monitoring.coreos.com epicurve",
	} {
		t.Run(folder, func(t *testing.T) {
			built, err := Kustomize(t.Context(), root, folder)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := Decode(t.Context(), root, built)
			if err != nil || !strings.Contains(objects, want) {
				t.Errorf("error %v, want %s among:\n%s", err, want, objects)
			}
		})
	}
}

// The configuration that the chart writes is one that the exporter takes.
func TestChartConfiguresTheExporter(t *testing.T) {
	rendered, err := Template(t.Context(), root, "--show-only", "templates/exporter.yaml",
		"--set", "exporter.config.logs.kernel=true")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(rendered), "  exporter.yml: |\n")
	if !found {
		t.Fatalf("no exporter.yml in:\n%s", rendered)
	}
	block, _, _ = strings.Cut(block, "\n---")
	file := filepath.Join(t.TempDir(), "exporter.yml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(block, "\n    ", "\n")[4:]), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.LoadExpanded(file, func(name string) (string, bool) { return "node-7", name == "NODE_NAME" })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if !c.Logs.Kernel || len(c.Core.Dirs) == 0 || c.Archive.URL == "" || c.Annotations.Static["host.name"] != "node-7" {
		t.Errorf("configuration lacks what the chart was told: %+v", c)
	}
}

// The chart's version is the project's.
func TestChartVersion(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join(root, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var project struct{ Version string }
	if err := json.Unmarshal(manifest, &project); err != nil {
		t.Fatal(err)
	}
	chart, err := os.ReadFile(filepath.Join(root, "provisioning", "helm", "epicurve", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	versions := regexp.MustCompile(`(?m)^(?:version|appVersion): "?([^"\n]+)"?$`).FindAllSubmatch(chart, -1)
	if len(versions) != 2 {
		t.Fatalf("%d versions in Chart.yaml, want 2", len(versions))
	}
	for _, v := range versions {
		if string(v[1]) != project.Version {
			t.Errorf("Chart.yaml says %s, package.json %s", v[1], project.Version)
		}
	}
}

// No folder with the socket of a container runtime is mounted into the exporter,
// which could ask it for a container with all rights; and what is mounted of the
// node is read-only, but for the exporter's state.
func TestChartMountsNoSocket(t *testing.T) {
	rendered, err := Template(t.Context(), root, "--show-only", "templates/exporter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	paths := regexp.MustCompile(`hostPath: \{path: ([^,}]+)`).FindAllSubmatch(rendered, -1)
	if len(paths) < 3 {
		t.Fatalf("%d paths of the node are mounted, want some:\n%s", len(paths), rendered)
	}
	for _, m := range paths {
		for _, socket := range []string{"/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/docker.sock", "/var/run/docker.sock"} {
			if path := strings.TrimSuffix(string(m[1]), "/"); path == socket || strings.HasPrefix(socket, path+"/") {
				t.Errorf("%s is mounted, in which %s stands", path, socket)
			}
		}
	}
	for _, m := range regexp.MustCompile(`\{name: (?:cores|host)-\d+,[^}]*\}`).FindAll(rendered, -1) {
		if !bytes.Contains(m, []byte("readOnly: true")) {
			t.Errorf("mounted writable: %s", m)
		}
	}
}
