package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// storeStub is a store whose disk is gone: what can't be made to happen to a
// real one at will.
type storeStub struct{ store.Store }

var errDisk = errors.New("no space left on device")

func (storeStub) Append(context.Context, []crash.Record) (store.Appended, error) {
	return store.Appended{}, errDisk
}

func (storeStub) Clusters(context.Context, query.Request) (query.Clusters, error) { panic("corrupt") }

func (storeStub) Stats(context.Context) (store.Stats, error) { return store.Stats{}, errDisk }

func TestFailingStoreAsksForARetry(t *testing.T) {
	srv := httptest.NewServer(New(Config{Store: storeStub{}}).Handler())
	defer srv.Close()
	status, head, reply := post(t, srv.URL+"/v1/logs", typeProtobuf, "", marshal(t, crashes(1)))
	if status != http.StatusServiceUnavailable || head.Get("Retry-After") == "" || strings.Contains(string(reply), errDisk.Error()) {
		t.Errorf("%d %s; want 503 with Retry-After and without the store's inner error", status, reply)
	}
	status, _, reply = post(t, srv.URL+"/api/v1/query", typeJSON, "",
		[]byte(`{"type":"clusters","range":{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}}`))
	if status != http.StatusInternalServerError {
		t.Errorf("a panic was answered with %d %s", status, reply)
	}
}
