// Package manifests keeps the Kubernetes manifests: the Helm chart in
// provisioning/helm is their source, the Kustomize base in
// provisioning/kubernetes is what the chart makes with its default values, so
// that the two can't drift apart. Helm and Kustomize are pinned in
// tools/ship/go.mod.
package manifests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kubeVersion is the version that the chart is rendered for; the chart needs 1.25.
const kubeVersion = "1.30.0"

const generated = "# Made from provisioning/helm/epicurve by \"go tool mage manifests\".\n"

// Files are the generated files below provisioning/kubernetes, by path.
type Files map[string][]byte

// Render makes the generated files; root is the folder of go.mod.
func Render(ctx context.Context, root string) (Files, error) {
	base, err := Template(ctx, root)
	if err != nil {
		return nil, err
	}
	monitors, err := Template(ctx, root, "--set", "podMonitor.enabled=true", "--show-only", "templates/podmonitor.yaml")
	if err != nil {
		return nil, err
	}
	rules, err := prometheusRule(root)
	if err != nil {
		return nil, err
	}
	return Files{
		"base/epicurve.yaml":                      withoutOrigin(base),
		"prometheus-operator/podmonitors.yaml":    withoutOrigin(monitors),
		"prometheus-operator/prometheusrule.yaml": rules,
	}, nil
}

// Template renders the chart as release "epicurve" in the namespace "epicurve".
func Template(ctx context.Context, root string, args ...string) ([]byte, error) {
	return tool(ctx, root, append([]string{
		"helm", "template", "epicurve", "provisioning/helm/epicurve",
		"--namespace", "epicurve", "--kube-version", kubeVersion,
	}, args...)...)
}

// Lint runs Helm's own checks of the chart.
func Lint(ctx context.Context, root string) error {
	_, err := tool(ctx, root, "helm", "lint", "--strict", "provisioning/helm/epicurve")
	return err
}

// Kustomize builds a folder below provisioning/kubernetes.
func Kustomize(ctx context.Context, root, folder string) ([]byte, error) {
	return tool(ctx, root, "kustomize", "build", filepath.Join("provisioning", "kubernetes", folder))
}

// Decode decodes manifests as strictly as an API server does and returns a line
// for each object.
func Decode(ctx context.Context, root string, manifests []byte) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "-C", "tools/ship", "run", "./manifests")
	cmd.Stdin = bytes.NewReader(manifests)
	out, err := run(cmd, root)
	return string(out), err
}

// prometheusRule wraps the rules of provisioning/prometheus into the custom
// resource of the Prometheus operator.
func prometheusRule(root string) ([]byte, error) {
	rules, err := os.ReadFile(filepath.Join(root, "provisioning", "prometheus", "epicurve.rules.yml"))
	if err != nil {
		return nil, fmt.Errorf("manifests: rules: %w", err)
	}
	var b bytes.Buffer
	b.WriteString("# Made from provisioning/prometheus/epicurve.rules.yml by \"go tool mage manifests\".\n" +
		"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n" +
		"  name: epicurve\n  namespace: epicurve\n  labels:\n    app.kubernetes.io/name: epicurve\nspec:\n")
	for line := range strings.Lines(string(rules)) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	return b.Bytes(), nil
}

// withoutOrigin says where the whole comes from instead of where each part does.
func withoutOrigin(manifests []byte) []byte {
	var b strings.Builder
	b.WriteString(generated)
	for line := range strings.Lines(string(manifests)) {
		if !strings.HasPrefix(line, "# Source: ") {
			b.WriteString(line)
		}
	}
	return []byte(b.String())
}

func tool(ctx context.Context, root string, args ...string) ([]byte, error) {
	return run(exec.CommandContext(ctx, "go", append([]string{"tool", "-modfile=tools/ship/go.mod"}, args...)...), root)
}

// run runs a command in root; its error has what the command said.
func run(cmd *exec.Cmd, root string) ([]byte, error) {
	var errs bytes.Buffer
	cmd.Dir, cmd.Stderr = root, &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("manifests: %s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(append(errs.Bytes(), out...)))
	}
	return out, nil
}

// Write writes the generated files.
func (f Files) Write(root string) error {
	var failed []error
	for name, content := range f {
		failed = append(failed, os.WriteFile(filepath.Join(root, "provisioning", "kubernetes", name), content, 0o644))
	}
	return errors.Join(failed...)
}
