package promtool

import (
	"strings"
	"testing"
)

func TestCommandFollowsFromTheName(t *testing.T) {
	for name, want := range map[string]string{
		"prometheus.yml":      "check config --syntax-only",
		"epicurve.rules.yml":  "check rules",
		"alerts.yaml":         "check rules",
		"epicurve_test.yml":   "test rules",
		"epicurve.test.yaml":  "test rules",
		"docker-compose.yaml": "",
	} {
		if got := strings.Join(command(name), " "); got != want {
			t.Errorf("command(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestEmptyFolderIsAnError(t *testing.T) {
	if err := Check(t.Context(), t.TempDir(), "rules", t.Output()); err == nil {
		t.Error("a folder without files passed")
	}
}
