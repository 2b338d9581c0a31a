// Package servertest runs real ClickHouse servers for tests: one, or a cluster
// with ZooKeeper, on loopback ports and in a directory of the test. Tests skip
// where the programs are not installed.
package servertest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"
)

// startTimeout bounds how long a server may take to answer.
const startTimeout = 2 * time.Minute

// Server is one clickhouse-server. It can be killed and started again on the
// same data and ports.
type Server struct {
	HTTP        int // ports
	TCP         int
	Interserver int

	dir     string
	cluster string // XML of the cluster it belongs to, if any
	cmd     *exec.Cmd
	ended   chan struct{}
	out     *bytes.Buffer
}

// Binary returns the command that runs a server, or nil when none is installed.
func Binary() []string {
	for _, c := range [][]string{{"clickhouse-server"}, {"/usr/sbin/clickhouse-server"}, {"clickhouse", "server"}} {
		if path, err := exec.LookPath(c[0]); err == nil {
			return append([]string{path}, c[1:]...)
		}
	}
	return nil
}

// Require skips a test where no ClickHouse server is installed.
func Require(t testing.TB) {
	t.Helper()
	if Binary() == nil {
		t.Skip("no ClickHouse server (apt-get install clickhouse-server)")
	}
}

// Start runs a server in dir and waits until it answers. The caller stops it.
func Start(dir string) (*Server, error) {
	s := &Server{dir: dir}
	for _, port := range []*int{&s.HTTP, &s.TCP, &s.Interserver} {
		var err error
		if *port, err = FreePort(); err != nil {
			return nil, err
		}
	}
	return s, s.Run()
}

// FreePort returns a loopback port that nobody listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// Address is the host and port of the HTTP interface.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.HTTP) }

// Run writes the configuration, starts the process and waits until it answers.
func (s *Server) Run() error {
	command := Binary()
	if command == nil {
		return fmt.Errorf("no ClickHouse server is installed")
	}
	if err := s.configure(); err != nil {
		return fmt.Errorf("configure ClickHouse: %w", err)
	}
	s.out = new(bytes.Buffer)
	s.cmd = exec.Command(command[0], append(command[1:], "--config-file="+filepath.Join(s.dir, "config.xml"))...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.out, s.out
	dieWithTest(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start ClickHouse: %w", err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		cmd.Wait() //nolint:errcheck // how it ended is in its log
		close(ended)
	}(s.cmd, s.ended)
	return s.await()
}

func (s *Server) await() error {
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case <-s.ended:
			return fmt.Errorf("ClickHouse ended at once: %s\n%s", s.out, s.Log())
		default:
		}
		if body, err := s.Query("SELECT 1"); err == nil && strings.TrimSpace(body) == "1" {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.Kill()
	return fmt.Errorf("ClickHouse did not answer within %s: %s\n%s", startTimeout, s.out, s.Log())
}

// Query runs a statement on the server and returns its answer.
func (s *Server) Query(sql string) (string, error) {
	client := http.Client{Timeout: 20 * time.Second}
	resp, err := client.Post("http://"+s.Address()+"/", "text/plain", strings.NewReader(sql))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), err
}

// Log returns the end of the server's error log.
func (s *Server) Log() string {
	b, err := os.ReadFile(filepath.Join(s.dir, "error.log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-8000):])
}

// Kill ends the server without any chance to tidy up.
func (s *Server) Kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Kill() //nolint:errcheck // it may have ended
		<-s.ended
	}
}

// configure writes the server's files.
func (s *Server) configure() error {
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return err
	}
	var config bytes.Buffer
	err := configTemplate.Execute(&config, struct {
		*Server
		Dir, Cluster string
	}{s, s.dir, s.cluster})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "config.xml"), config.Bytes(), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "users.xml"), []byte(users), 0o600)
}

// Servers before 20.10 know the root element <yandex> only, later ones both.
var configTemplate = template.Must(template.New("config").Parse(`<yandex>
<logger><level>warning</level><log>{{.Dir}}/server.log</log><errorlog>{{.Dir}}/error.log</errorlog></logger>
<http_port>{{.HTTP}}</http_port>
<tcp_port>{{.TCP}}</tcp_port>
<interserver_http_port>{{.Interserver}}</interserver_http_port>
<interserver_http_host>127.0.0.1</interserver_http_host>
<listen_host>127.0.0.1</listen_host>
<path>{{.Dir}}/data/</path>
<tmp_path>{{.Dir}}/tmp/</tmp_path>
<users_config>users.xml</users_config>
<default_profile>default</default_profile>
<default_database>default</default_database>
<mark_cache_size>134217728</mark_cache_size>
<max_concurrent_queries>100</max_concurrent_queries>
{{.Cluster}}
</yandex>
`))

// users has the passwordless user of the tests and one with a password.
const users = `<yandex>
<profiles><default><max_memory_usage>4000000000</max_memory_usage></default></profiles>
<quotas><default/></quotas>
<users>
<default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
<guarded><password>it's "secret" &amp; long</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></guarded>
</users>
</yandex>
`
