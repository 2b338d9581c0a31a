package demo

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary play the web server of a program that a test starts.
func TestMain(m *testing.M) {
	addr := os.Getenv("DEMO_TEST_LISTEN")
	if addr == "" {
		code := m.Run()
		if programs.dir != "" {
			if err := os.RemoveAll(programs.dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		os.Exit(code)
	}
	http.HandleFunc("GET /api/health", func(http.ResponseWriter, *http.Request) {})
	go func() {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(addr, nil))
		os.Exit(1)
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	os.Exit(0)
}

func TestRunningGrafanaIsLinked(t *testing.T) {
	t.Setenv("GRAFANA_URL", "http://grafana.example/sub/")
	link, child, err := dashboards{}.open(t.Context())
	if err != nil || child != nil || link != "http://grafana.example/sub/d/epicurve-population" {
		t.Errorf("open() = %q, %v, %v", link, child, err)
	}
}

func TestWithoutGrafana(t *testing.T) {
	t.Setenv("GRAFANA_URL", "")
	t.Setenv("GRAFANA_HOME", "")
	t.Setenv("PATH", t.TempDir())
	if _, _, err := (dashboards{}).open(t.Context()); !errors.Is(err, errNoGrafana) {
		t.Errorf("open() = %v, want errNoGrafana", err)
	}
}

// TestGrafanaHomeIsStarted starts a stand-in for Grafana that insists on what the
// real one needs of the demo: its own home, the plugin in the plugin folder, the
// plugin allowed, and the provisioning with its variables.
func TestGrafanaHomeIsStarted(t *testing.T) {
	root, home := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(root, "dist", "plugin.json"), `{"id":"`+pluginID+`"}`)
	write(filepath.Join(root, "provisioning", "datasources", "epicurve.yaml"), "apiVersion: 1\n")
	write(filepath.Join(home, "conf", "defaults.ini"), "")
	write(filepath.Join(home, "bin", "grafana"), `#!/bin/sh
fail() { echo "$1" >&2; exit 1; }
[ "$1 $2 $3" = "server --homepath `+home+`" ] || fail "called as $*"
[ -f "$GF_PATHS_PLUGINS/`+pluginID+`/plugin.json" ] || fail "no plugin"
[ "$GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS" = "`+pluginID+`" ] || fail "plugin not allowed"
[ -f "$GF_PATHS_PROVISIONING/datasources/epicurve.yaml" ] || fail "no provisioning"
[ "$EPICURVE_ARCHIVE_URL" = "http://127.0.0.1:9932" ] || fail "no archive"
DEMO_TEST_LISTEN="$GF_SERVER_HTTP_ADDR:$GF_SERVER_HTTP_PORT" exec "`+os.Args[0]+`"
`)
	t.Setenv("GRAFANA_URL", "")
	t.Setenv("GRAFANA_HOME", home)
	link, child, err := dashboards{root: root, dir: t.TempDir(), archive: "http://127.0.0.1:9932"}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(link, "http://127.0.0.1:") || !strings.HasSuffix(link, "/d/"+dashboardUID) {
		t.Errorf("link %q", link)
	}
	if err := child.Close(); err != nil {
		t.Error(err)
	}
}
