package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
)

// process is the plugin's real binary, started and spoken to as Grafana does.
type process struct {
	data      pluginv2.DataClient
	resource  pluginv2.ResourceClient
	diagnosis pluginv2.DiagnosticsClient
	context   backend.PluginContext
	pid       int
}

// startPlugin runs the plugin's binary until the test ends, configured for the
// archive at url.
func startPlugin(t *testing.T, url string) *process {
	t.Helper()
	cmd := exec.Command(built(t, "./pkg")) //nolint:gosec,noctx // built by the test; Kill ends it
	client := goplugin.NewClient(&goplugin.ClientConfig{
		Cmd:    cmd,
		Logger: hclog.New(&hclog.LoggerOptions{Output: io.Discard}),
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{grpcplugin.ProtocolVersion: {
			"data":        &grpcplugin.DataGRPCPlugin{},
			"resource":    &grpcplugin.ResourceGRPCPlugin{},
			"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
		}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
	})
	t.Cleanup(client.Kill)
	rpc, err := client.Client()
	if err != nil {
		t.Fatalf("handshake: %v", err)
	}
	return &process{
		data:      dispense[pluginv2.DataClient](t, rpc, "data"),
		resource:  dispense[pluginv2.ResourceClient](t, rpc, "resource"),
		diagnosis: dispense[pluginv2.DiagnosticsClient](t, rpc, "diagnostics"),
		context:   pluginContext(url),
		pid:       cmd.Process.Pid,
	}
}

func dispense[T any](t *testing.T, rpc goplugin.ClientProtocol, name string) T {
	t.Helper()
	raw, err := rpc.Dispense(name)
	if err != nil {
		t.Fatalf("dispense %s: %v", name, err)
	}
	c, ok := raw.(T)
	if !ok {
		t.Fatalf("dispense %s: got a %T", name, raw)
	}
	return c
}

func pluginContext(url string) backend.PluginContext {
	return backend.PluginContext{
		PluginID: ID, PluginVersion: "0.1.0",
		User: &backend.User{Login: "alice", Role: "Viewer"},
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID: 1, UID: "epicurve", Name: "Archive", Type: ID, URL: url,
			JSONData: []byte(`{}`), Updated: time.Unix(1, 0),
		},
	}
}

func (p *process) queryData(ctx context.Context, queries ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	req := &backend.QueryDataRequest{PluginContext: p.context, Queries: queries}
	resp, err := p.data.QueryData(ctx, backend.ToProto().QueryDataRequest(req))
	if err != nil {
		return nil, err
	}
	return backend.FromProto().QueryDataResponse(resp)
}

func (p *process) checkHealth(ctx context.Context) (*pluginv2.CheckHealthResponse, error) {
	return p.diagnosis.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: backend.ToProto().PluginContext(p.context)})
}

// callResource returns the status and the whole body of a resource call.
func (p *process) callResource(ctx context.Context, req *backend.CallResourceRequest) (int, []byte, error) {
	req.PluginContext = p.context
	stream, err := p.resource.CallResource(ctx, backend.ToProto().CallResourceRequest(req))
	if err != nil {
		return 0, nil, err
	}
	status, body := 0, []byte(nil)
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return status, body, nil
		}
		if err != nil {
			return 0, nil, err
		}
		if status == 0 {
			status = int(part.Code)
		}
		body = append(body, part.Body...)
	}
}

func TestRealBinary(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the archive and the plugin")
	}
	url := startArchive(t)
	fill(t, url, outbreak(week.From), nil)
	p := startPlugin(t, url)

	t.Run("query", func(t *testing.T) {
		resp, err := p.queryData(t.Context(),
			panelQuery(t, `{"query":{"groupBy":["crash.class"],"interval":"1d"}}`),
			func() backend.DataQuery {
				q := panelQuery(t, `{"query":{"groupBy":["nonsense"]}}`)
				q.RefID = "B"
				return q
			}())
		if err != nil {
			t.Fatal(err)
		}
		a, b := resp.Responses["A"], resp.Responses["B"]
		if a.Error != nil || len(a.Frames) != 3 {
			t.Errorf("A: %d frames, error %v; want one a class", len(a.Frames), a.Error)
		}
		if b.Error == nil || b.Status != backend.StatusBadRequest || !strings.Contains(b.Error.Error(), "groupBy[0]") {
			t.Errorf("B: status %v, error %v; want a bad request about groupBy[0]", b.Status, b.Error)
		}
	})
	t.Run("health", func(t *testing.T) {
		h, err := p.checkHealth(t.Context())
		if err != nil || h.Status != pluginv2.CheckHealthResponse_OK || !strings.Contains(h.Message, "74 crashes") {
			t.Errorf("health = %v, %v; want OK and 74 crashes", h, err)
		}
	})
	t.Run("resources", func(t *testing.T) {
		path := fmt.Sprintf("dimensions/host.name/values?from=%d&to=%d&search=LEAF-07", week.From.UnixMilli(), week.To.UnixMilli())
		status, body, err := p.callResource(t.Context(), &backend.CallResourceRequest{Method: "GET", Path: "dimensions/host.name/values", URL: path})
		if err != nil || status != 200 {
			t.Fatalf("values: %d %s, %v", status, body, err)
		}
		var got struct {
			Values []struct {
				Value   string
				Crashes int
			}
		}
		if err := json.Unmarshal(body, &got); err != nil || len(got.Values) != 1 || got.Values[0].Value != "leaf-07" {
			t.Errorf("values = %s, %v; want leaf-07 alone", body, err)
		}
	})
	t.Run("metrics", func(t *testing.T) {
		m, err := p.diagnosis.CollectMetrics(t.Context(), &pluginv2.CollectMetricsRequest{})
		if err != nil || !strings.Contains(string(m.Metrics.Prometheus), `epicurve_datasource_query_duration_seconds_count{status="200",type="timeseries"} 1`) {
			t.Errorf("metrics: %d bytes, %v", len(m.GetMetrics().GetPrometheus()), err)
		}
	})
}
