package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	pluginID     = "epicurve-crasharchive-datasource"
	dashboardUID = "epicurve-population"
)

// errNoGrafana says that none of the places where a Grafana could be has one.
var errNoGrafana = errors.New("no Grafana found")

// howToGetGrafana is printed when there is none.
const howToGetGrafana = `No Grafana was found, so there is no dashboard to look at. Any of these gives one to the next demo:
  - a running one:        GRAFANA_URL=http://localhost:3000 go tool mage demo
                          (it needs the plugin from dist/ and the files from provisioning/)
  - an unpacked archive:  GRAFANA_HOME=/path/to/grafana go tool mage demo
                          (https://grafana.com/grafana/download, "Standalone Linux Binaries")
  - an installed package: grafana or grafana-server on PATH
  - docker compose with a running docker`

// dashboards is what the demo's Grafana is told about the demo.
type dashboards struct {
	root    string // of the checkout
	dir     string // the demo's own folder
	archive string // the archive's URL
}

// open finds a Grafana and starts it where it has to be started. The child is
// nil when somebody else runs it. The error wraps errNoGrafana when there is none.
func (d dashboards) open(ctx context.Context) (link string, c *child, err error) {
	if url := os.Getenv("GRAFANA_URL"); url != "" {
		return dashboardLink(url), nil, nil
	}
	if home, program, ok := installed(); ok {
		return d.server(ctx, home, program)
	}
	if composeWorks(ctx) {
		return d.compose(ctx)
	}
	return "", nil, errNoGrafana
}

func dashboardLink(url string) string { return strings.TrimRight(url, "/") + "/d/" + dashboardUID }

// installed finds an unpacked or installed Grafana: the folder that holds its
// conf/ and public/, and the program to start.
func installed() (home, program string, ok bool) {
	var programs []string
	if home := os.Getenv("GRAFANA_HOME"); home != "" {
		programs = append(programs, filepath.Join(home, "bin", "grafana"), filepath.Join(home, "bin", "grafana-server"))
	}
	for _, name := range []string{"grafana", "grafana-server"} {
		if path, err := exec.LookPath(name); err == nil {
			programs = append(programs, path)
		}
	}
	for _, program := range programs {
		resolved, err := filepath.EvalSymlinks(program)
		if err != nil {
			continue
		}
		for _, home := range []string{os.Getenv("GRAFANA_HOME"), filepath.Dir(filepath.Dir(resolved)), "/usr/share/grafana"} {
			if _, err := os.Stat(filepath.Join(home, "conf", "defaults.ini")); home != "" && err == nil {
				return home, program, true
			}
		}
	}
	return "", "", false
}

// server starts an installed Grafana with a database of its own, the plugin and
// the stock dashboards.
func (d dashboards) server(ctx context.Context, home, program string) (string, *child, error) {
	addr, err := freePort()
	if err != nil {
		return "", nil, err
	}
	plugins := filepath.Join(d.dir, "grafana", "plugins")
	if err := os.MkdirAll(plugins, 0o755); err != nil {
		return "", nil, fmt.Errorf("prepare Grafana: %w", err)
	}
	if err := os.CopyFS(filepath.Join(plugins, pluginID), os.DirFS(filepath.Join(d.root, "dist"))); err != nil {
		return "", nil, fmt.Errorf("prepare Grafana: copy the plugin: %w", err)
	}
	host, port, _ := strings.Cut(addr, ":")
	env := append(d.environment(d.archive, filepath.Join(d.root, "provisioning"), filepath.Join(d.root, "src", "dashboards")),
		"GF_PATHS_DATA="+filepath.Join(d.dir, "grafana", "data"),
		"GF_PATHS_LOGS="+filepath.Join(d.dir, "grafana", "logs"),
		"GF_PATHS_PLUGINS="+plugins,
		"GF_SERVER_HTTP_ADDR="+host, "GF_SERVER_HTTP_PORT="+port)
	args := []string{"server", "--homepath", home}
	if filepath.Base(program) == "grafana-server" {
		args = args[1:]
	}
	c, err := start(ctx, d.dir, "grafana", program, env, args...)
	if err != nil {
		return "", nil, err
	}
	return d.ready(ctx, c, "http://"+addr)
}

// environment configures any Grafana for the demo.
func (d dashboards) environment(archive, provisioning, dashboards string) []string {
	return []string{
		"EPICURVE_ARCHIVE_URL=" + archive,
		"EPICURVE_DASHBOARDS=" + dashboards,
		"EPICURVE_PROMETHEUS_URL=" + cmp.Or(os.Getenv("EPICURVE_PROMETHEUS_URL"), "http://127.0.0.1:9090"),
		"EPICURVE_ALERTMANAGER_URL=http://127.0.0.1:9093",
		"GF_PATHS_PROVISIONING=" + provisioning,
		"GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS=" + pluginID,
		"GF_PLUGINS_PREINSTALL_DISABLED=true",
		"GF_AUTH_ANONYMOUS_ENABLED=true",
		"GF_AUTH_ANONYMOUS_ORG_ROLE=Admin",
		"GF_ANALYTICS_REPORTING_ENABLED=false",
		"GF_ANALYTICS_CHECK_FOR_UPDATES=false",
	}
}

// ready waits until Grafana answers, and stops it when it does not.
func (d dashboards) ready(ctx context.Context, c *child, url string) (string, *child, error) {
	if err := c.answers(ctx, url+"/api/health"); err != nil {
		return "", nil, errors.Join(err, c.Close())
	}
	return dashboardLink(url), c, nil
}

func composeWorks(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "compose", "version").Run() == nil &&
		exec.CommandContext(ctx, "docker", "info").Run() == nil
}

// composeFile runs Grafana on the host's network, where the demo's archive is.
const composeFile = `name: epicurve-demo
services:
  grafana:
    image: grafana/grafana:12.4.2
    network_mode: host
    environment:
%s    volumes:
      - %q
      - %q
      - %q
`

// compose starts Grafana in a container.
func (d dashboards) compose(ctx context.Context) (string, *child, error) {
	addr, err := freePort()
	if err != nil {
		return "", nil, err
	}
	host, port, _ := strings.Cut(addr, ":")
	env := append(d.environment(d.archive, "/etc/grafana/provisioning", "/var/lib/grafana/dashboards"),
		"GF_SERVER_HTTP_ADDR="+host, "GF_SERVER_HTTP_PORT="+port)
	var lines strings.Builder
	for _, e := range env {
		fmt.Fprintf(&lines, "      - %q\n", e)
	}
	text := fmt.Sprintf(composeFile, lines.String(),
		filepath.Join(d.root, "dist")+":/var/lib/grafana/plugins/"+pluginID+":ro",
		filepath.Join(d.root, "provisioning")+":/etc/grafana/provisioning:ro",
		filepath.Join(d.root, "src", "dashboards")+":/var/lib/grafana/dashboards:ro")
	path := filepath.Join(d.dir, "grafana.compose.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return "", nil, fmt.Errorf("prepare Grafana: %w", err)
	}
	c, err := start(ctx, d.dir, "grafana", "docker", nil, "compose", "-f", path, "up", "--abort-on-container-exit")
	if err != nil {
		return "", nil, err
	}
	return d.ready(ctx, c, "http://"+addr)
}
