package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/store/storetest"
)

func TestRecordFlagsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown dimension": {[]string{"--workflow.cluster-key", "crash.kind,mood"}, "mood"},
		"key of itself":     {[]string{"--workflow.cluster-key", "crash.signature"}, "can't be a part"},
		"no hooks":          {[]string{"--hooks.file", "/does/not/exist"}, "webhooks"},
		"half a Grafana":    {[]string{"--grafana.url", "grafana:3000"}, "--grafana.url"},
		"no token":          {[]string{"--grafana.url", "http://grafana:3000", "--grafana.token-file", "/does/not/exist"}, "--grafana.token-file"},
		"too often":         {[]string{"--ledger.interval", "1ms"}, "1s or longer"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			args := append([]string{"serve", "--storage", "duckdb:" + t.TempDir() + "/a.duckdb", "--web.listen-address", "127.0.0.1:0"}, c.args...)
			if code := run(t.Context(), args, strings.NewReader(""), &out, &out); code != exitError || !strings.Contains(out.String(), c.want) {
				t.Errorf("exit %d, %s; want %q", code, out.String(), c.want)
			}
		})
	}
}

// TestRecordingEnds starts what writes into the ledger beside people, and ends it.
func TestRecordingEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	asked := make(chan struct{}, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		w.Write([]byte("[]")) //nolint:errcheck // the poller left
	}))
	defer srv.Close()
	f := recordFlags{relapses: time.Second, grafana: srv.URL, grafanaPoll: time.Second}
	stop, err := f.keep(context.Background(), &api.Tenant{Store: storetest.NewOracle()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	stop()
	http.DefaultClient.CloseIdleConnections()
}
