package clickhouse

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store/clickhouse/servertest"
)

// shared is the server of the tests that need no server of their own.
var shared struct {
	once   sync.Once
	dir    string
	server *servertest.Server
	err    error
	number atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		shared.server.Kill()
	}
	os.RemoveAll(shared.dir)
	os.Exit(code)
}

// server returns the shared server.
func sharedServer(t testing.TB) *servertest.Server {
	t.Helper()
	servertest.Require(t)
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "clickhouse"); shared.err == nil {
			shared.server, shared.err = servertest.Start(shared.dir)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// fresh returns options of a database that is not there yet.
func fresh(address string) Options {
	return Options{
		Hosts: []string{address}, Database: fmt.Sprintf("test_%d", shared.number.Add(1)),
		Pause: -1, InsertTimeout: time.Minute,
	}
}

// opened returns a new store on the shared server.
func opened(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), fresh(sharedServer(t).Address()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(s); err != nil {
			t.Error(err)
		}
	})
	return s
}

// drop closes a store and removes its database.
func drop(s *Store) error {
	if err := s.exec(context.Background(), "DROP DATABASE IF EXISTS "+name(s.opt.Database)+s.onCluster()); err != nil {
		return err
	}
	return s.Close()
}
