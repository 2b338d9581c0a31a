package servertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"text/template"
	"time"
)

// ClusterName is the name of a Cluster in the configuration of its servers.
const ClusterName = "main"

// Cluster is a cluster of ClickHouse servers with a ZooKeeper.
type Cluster struct {
	Shards [][]*Server // replicas of each shard

	zookeeper *exec.Cmd
	Keeper    int // ZooKeeper's port
}

const zookeeperJar = "/usr/share/java/zookeeper.jar"

// RequireCluster skips a test where a cluster can't be run.
func RequireCluster(t testing.TB) {
	t.Helper()
	Require(t)
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("no java for ZooKeeper (apt-get install zookeeper)")
	}
	if _, err := os.Stat(zookeeperJar); err != nil {
		t.Skip("no ZooKeeper (apt-get install zookeeper)")
	}
}

// StartCluster runs a cluster in dir until the test ends.
func StartCluster(t testing.TB, dir string, shards, replicas int) *Cluster {
	t.Helper()
	RequireCluster(t)
	c := &Cluster{}
	t.Cleanup(c.kill)
	if err := c.start(dir, shards, replicas); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *Cluster) kill() {
	for _, s := range c.Servers() {
		s.Kill()
	}
	if c.zookeeper != nil {
		c.zookeeper.Process.Kill() //nolint:errcheck // it may have ended
		c.zookeeper.Wait()         //nolint:errcheck // it was killed
	}
}

// Servers returns the servers, those of the first shard first.
func (c *Cluster) Servers() []*Server {
	var all []*Server
	for _, shard := range c.Shards {
		all = append(all, shard...)
	}
	return all
}

// Addresses returns the HTTP addresses of all servers.
func (c *Cluster) Addresses() []string {
	var all []string
	for _, s := range c.Servers() {
		all = append(all, s.Address())
	}
	return all
}

func (c *Cluster) start(dir string, shards, replicas int) error {
	if err := c.startZooKeeper(filepath.Join(dir, "zookeeper")); err != nil {
		return err
	}
	for i := range shards {
		var shard []*Server
		for j := range replicas {
			s := &Server{dir: filepath.Join(dir, fmt.Sprintf("shard%d-replica%d", i+1, j+1))}
			for _, port := range []*int{&s.HTTP, &s.TCP, &s.Interserver} {
				var err error
				if *port, err = FreePort(); err != nil {
					return err
				}
			}
			shard = append(shard, s)
		}
		c.Shards = append(c.Shards, shard)
	}
	for i, shard := range c.Shards {
		for j, s := range shard {
			var b bytes.Buffer
			if err := clusterTemplate.Execute(&b, map[string]any{"Cluster": c, "Name": ClusterName, "Shard": i + 1, "Replica": j + 1}); err != nil {
				return err
			}
			s.cluster = b.String()
			if err := s.Run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sessions are short, so that a killed server is missed within seconds.
var clusterTemplate = template.Must(template.New("cluster").Parse(`<zookeeper>
<node><host>127.0.0.1</host><port>{{.Cluster.Keeper}}</port></node>
<session_timeout_ms>3000</session_timeout_ms>
</zookeeper>
<macros><shard>{{.Shard}}</shard><replica>{{.Replica}}</replica></macros>
<distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
<remote_servers><{{.Name}}>
{{- range .Cluster.Shards}}
<shard><internal_replication>true</internal_replication>
{{- range .}}<replica><host>127.0.0.1</host><port>{{.TCP}}</port></replica>{{end}}
</shard>
{{- end}}
</{{.Name}}></remote_servers>`))

func (c *Cluster) startZooKeeper(dir string) (err error) {
	if c.Keeper, err = FreePort(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o750); err != nil {
		return err
	}
	config := fmt.Sprintf("tickTime=500\ndataDir=%s/data\nclientPort=%d\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\nmaxClientCnxns=0\n", dir, c.Keeper)
	path := filepath.Join(dir, "zoo.cfg")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // the process has it
	c.zookeeper = exec.Command("java", "-Xmx256m", "-cp", zookeeperJar, "-Dzookeeper.4lw.commands.whitelist=srvr", "org.apache.zookeeper.server.quorum.QuorumPeerMain", path)
	c.zookeeper.Stdout, c.zookeeper.Stderr, c.zookeeper.Dir = log, log, dir
	dieWithTest(c.zookeeper)
	if err := c.zookeeper.Start(); err != nil {
		return fmt.Errorf("start ZooKeeper: %w", err)
	}
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		if c.keeperAnswers() {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, readErr := os.ReadFile(log.Name())
	return errors.Join(fmt.Errorf("ZooKeeper does not answer after %s:\n%s", startTimeout, text), readErr)
}

// keeperAnswers asks ZooKeeper whether it serves; it listens before it does, and
// a ClickHouse that gets no session then ends with a segmentation fault.
func (c *Cluster) keeperAnswers() bool {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", c.Keeper))
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // it was read
	if conn.SetDeadline(time.Now().Add(time.Second)) != nil {
		return false
	}
	if _, err := conn.Write([]byte("srvr")); err != nil {
		return false
	}
	answer := make([]byte, 4096)
	n, err := io.ReadAtLeast(conn, answer, 60)
	return err == nil && bytes.Contains(answer[:n], []byte("Zookeeper version"))
}
